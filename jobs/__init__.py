"""The background process: hears the facts the business recorded, and keeps the schedule.

Always true:
- what is owed is a row in PostgreSQL; Redis only wakes us sooner;
- work may run twice, so each piece makes "twice" harmless;
- work that fails for good is `dead`, visible in `motcua outbox`, and can be replayed.

Start reading at `subscriptions.py` (who hears what), then `drainer.py`.
"""
