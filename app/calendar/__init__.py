"""The calendar changed late (thay đổi lịch nghỉ, lịch làm việc): by two people, impact first.

Always true:
- whoever proposes a day cannot confirm it: a constraint of the row;
- what is confirmed is carried out once at each centre, each in a transaction of its own, and goes on where
  it stopped;
- dates already promised on dossiers stay as they were promised; those that would be others are named.

Start reading at `operations.confirm`.
"""
