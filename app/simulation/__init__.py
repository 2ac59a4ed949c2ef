"""A day of a one-stop centre, played fast: people who were never there, over the interfaces real ones use.

Always true:
- everything goes through the public HTTP APIs: codes by SMS, bookings, a kiosk, officers at their counters;
- the whole installation lives on one fast clock (`app.core.clock.FastClock`), so pages, waits and messages
  are those of a real day;
- couriers know what the partner API tells them; phones die, keep what there is to tell, and repeat some;
- the servers are its own: a simulated day never meets a real one.

Start reading at `play.py`; who comes when is in `plan.py`, the doors in `doors.py`, the
couriers in `couriers.py`.
"""
