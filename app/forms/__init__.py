"""The seven official forms (biểu mẫu) of a dossier, as PDF that people can hear as well as see.

Always true:
- a form is printed from what is stored, in the edition of its day: an old dossier keeps its old form;
- every printing is a line of the journal, for some forms carry a personal number whole;
- what a courier carries shows neither that number nor anything else in its QR code than an opaque token;
- people's words are data of a template, never a part of it, and a form is set by a process of its own
  that is bounded in time, memory and size.

Start reading at `operations.prepare`, then `press.pressed`.
"""
