"""The acts of the morning."""
