"""Numbered changes of the schema, each a module with `FORWARDS` and `BACKWARDS` SQL.

A migration opens with what it assumes about the code running beside it, uses core PostgreSQL 15 only,
imports nothing from the app, and goes out before the code that needs it. `app.core.migrations` runs
them in order, one transaction each, under an advisory lock.
"""
