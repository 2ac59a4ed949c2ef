"""What keeps a backup from being made or put back."""


class BackupError(Exception):
    """One sentence that says what is wrong, and how to mend it."""
