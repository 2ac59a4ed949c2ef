"""A day of a one-stop centre, played fast: people who were never there, over the interfaces real ones use.

Always true:
- everything goes through the public HTTP APIs: codes by SMS, bookings, a kiosk, officers at their counters;
- the whole installation lives on one fast clock (`app.core.clock.FastClock`), so pages, waits and messages
  are those of a real day;
- couriers know what the partner API tells them; phones die, keep what there is to tell, and repeat some;
- every promise ends somewhere, and one that breaks is named by an incident;
- the servers are its own: a simulated day never meets a real one.

Start reading at `play.py`; who comes when is in `plan.py`, what may happen and how often in `chances.py`,
the couriers in `couriers.py`, what they do at doors in `doorsteps.py`, how time passes in `tempo.py`.
"""
