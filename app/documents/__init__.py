"""Documents (kho quản lý dữ liệu điện tử): scans of papers and signed results, to be used again.

Always true:
- a content is stored once under its SHA-256, outside the database, and never changes;
- an upload is `quarantined` until it was inspected, and nothing but `clean` can be attached or read;
- every read by somebody other than the owner is a row the owner can see.

Start reading at `operations.upload`; what offices have on paper from before comes through `backfile`.
"""
