"""Notices of the app on a phone (thông báo đẩy), through the HTTP v1 interface of Firebase Cloud Messaging.

Always true:
- a code is never in one: they are shown on locked screens;
- a notice said again replaces the one before on the screen, by its tag;
- a token the service knows no more is forgotten.

Start reading at `channel.py` (what is sent), `access.py` (by what right), `api.py` (that it was received).
"""
