"""Zalo Notification Service (ZNS): a message into the Zalo of who has a phone, in a registered template.

Always true:
- what fits no registered template, or is not in its language, goes another way;
- a refresh token is used once, by one process, and what it gave is kept before it is used;
- an error stands in a 200: `codes.py` says what each means.

Start reading at `registered.py` (what may be sent), `channel.py` (how), `tokens.py` (by what right).
"""
