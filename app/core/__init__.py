"""The kernel: what every concept stands on and what knows none of them.

Always true:
- one operation is one database transaction (`operation`), and it never nests;
- what the outside must hear is a row written in that transaction (`outbox`);
- who did what is a row written in that transaction (`journal`);
- nothing here imports a concept or the web toolkit.
"""
