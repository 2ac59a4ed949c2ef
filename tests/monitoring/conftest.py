"""A hall of the sample, as the queue's own tests have it."""

from tests.queue.conftest import hall, open_hall

__all__ = ["hall", "open_hall"]
