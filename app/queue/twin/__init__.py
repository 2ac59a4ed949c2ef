"""A hall that exists only in numbers (bản sao số), where the promise of 15 minutes is tried first.

Always true:
- the hall decides with the product's own functions (`rules`, `forecast`, `returns`), so that what is
  proven is what runs; only the people and the lengths of their services are made up (BOOKING.md 2.4);
- nothing here reads a clock or a store, and the same seed plays the same session;
- the people of a session do not depend on what the hall does, so two ways to run it can be compared.

Start reading at `hall.play`.
"""

from app.queue.twin.figures import Estimates, Waits, estimates, told, waits
from app.queue.twin.hall import play
from app.queue.twin.people import Session, Visit

__all__ = ["Estimates", "Session", "Visit", "Waits", "estimates", "play", "told", "waits"]
