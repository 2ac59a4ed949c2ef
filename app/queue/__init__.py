"""The queue (hàng chờ): tickets of appointments and walk-ins, called by when each is due.

Always true:
- a ticket is called by one counter; a counter has one open ticket (partial unique index);
- the order is `call_by`, the moment by which each should be called: arrival plus the target of its
  class. Nobody starves, and the reason fits in one sentence;
- a wait is first call minus max(arrival, appointment time), from append-only events: `history.story`
  rebuilds a ticket from them, and no figure needs anything else;
- while somebody is served exactly one period is open, of one procedure at one counter;
- an officer opens a counter within the term of the roster, and nobody waits past the end of a day;
- what is learned from a day can be learned again from its events, and changes no promise by itself;
- a board shows numbers only.

Start reading at `operations/call.py`.
"""
