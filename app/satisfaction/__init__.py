"""Satisfaction (khảo sát hài lòng): whoever was served says how it was, once, by a secret link.

Always true:
- one answer per ticket and per dossier, whoever holds the link and however often it is sent (a key of the
  database);
- only what was served can be answered about, and only for thirty days; nobody of the staff answers;
- an answer keeps what was served (centre, day, procedures), so a rate never changes when its subject does.

Start reading at `rules.py` (the eleven questions, the interval), then `operations.answer`.
"""
