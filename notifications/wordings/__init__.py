"""Wordings (câu chữ của mẫu tin): what a template says, as versions somebody published.

Always true:
- a template's variables, their lengths and its category are the program's (`notifications.templates`); the
  words are data, and the program's own words are a version like any other;
- a published version is never changed; the newest one for the program's variables is in force;
- a version that does not fit, does not fold or leads elsewhere is refused before anybody is told by it;
- what was owed to somebody by one version is said by that version on every way.

Start reading at `operations.publish`.
"""
