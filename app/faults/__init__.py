"""The fault matrix: the whole installation under load, one fault at a time, and what must hold afterwards.

`motcua faults` starts the real thing — stores, API, two workers, SMS emulator, a partner's endpoint — with
every wire between them in its hand, lets people book, breaks something, mends it, waits for conditions and
checks nine invariants (`invariants`) from what clients, provider and partner saw and from the database.
Cells are data (`cells`); docs/faults.md is the table of a whole run.
"""
