"""Motcua (một cửa): the business of one-stop public service centres, and its HTTP process.

Read `docs/ARCHITECTURE.md` first; `app.appointments` is the concept to copy.
"""
