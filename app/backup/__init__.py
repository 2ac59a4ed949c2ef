"""A backup of everything that cannot be computed again, and its way back, proven equal row for row.

A backup is a folder: the database as one exported snapshot saw it, every content of the object store, and a
manifest written last. A folder without `manifest.json` is what an interrupted backup left, and is refused.
The key file is not in it (`docs/runbooks/backup.md`).
"""
