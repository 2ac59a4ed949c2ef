"""Notifications (tin nhắn): which fact deserves which message, and getting it there.

Always true:
- a message is owed once per (recipient, template, thing, version): a fact heard twice sends once;
- every call to a provider is a row before it is a call: a crash leaves an unknown, never a forgotten one;
- after an unknown outcome the provider is asked before anything is sent again, within the template's
  budget; a code is never sent twice;
- no message names a person, a personal number or a procedure; Vietnamese goes without marks, because
  one marked letter makes three segments of one.

Start reading at `templates.py` (what is said), `listeners.py` (when), `delivery.py` (how).
"""
