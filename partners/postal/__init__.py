"""The postal public-service enterprise (doanh nghiệp bưu chính công ích).

Always true:
- a partner sees its own couriers, tasks, packages and events, and a stranger's id is a 404;
- what a partner must know is numbered without gaps in its feed, and pushed to its endpoints at least once,
  in order for each thing, with the same id on every attempt;
- what a partner tells us may come twice and in any order, and one bad event never blocks the others;
- nothing pushed carries a name, a phone, an address or a document's title.

Start reading at `api/events.py` (inward), `webhooks.py` (outward), `emulator/` (their side),
`kit/` (what their side is examined with).
"""
