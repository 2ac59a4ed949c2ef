"""The catalogue from a spreadsheet: read each row, say why one is refused, plan, apply.

Always true:
- a version that has begun keeps what it says, and none ends before today: no running dossier is altered;
- a row that is refused is refused alone, with its column and a stable reason;
- applying the same file again changes nothing.

Start reading at `plan.plan_import`.
"""
