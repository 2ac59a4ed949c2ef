"""The catalogue of procedures (danh mục thủ tục hành chính): what may be asked for, where and how.

Always true:
- a procedure has one version on any day and a code names one (exclusion constraints), and changing one
  is adding a version with its own first day: no running dossier is altered;
- a procedure is its key; a code is what it is called meanwhile, and one of before still finds it;
- a fee is never told without its exemptions;
- what may be handed in on paper, at the counter or at home, follows from the version and the day
  (`rules.intake_modes`), never from a flag somebody forgot to switch;
- what a centre offers is counted in grains of its own length, between 1 and 24.

Start reading at `queries.by_code`.
"""
