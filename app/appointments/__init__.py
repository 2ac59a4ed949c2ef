"""Appointments (lịch hẹn): a citizen's promise to come, and the centre's promise to be ready.

Always true:
- a slot never has more live appointments than places, in all and per channel: the places are counters
  on the slot's row, one statement takes them (`hot.py`), and CHECK constraints refuse the rest;
- a hold (giữ chỗ) is a place until its time on the database's clock, and nothing after it, also when
  every background process is dead: confirming asks the clock, the next booking reclaims, and
  availability counts what could be reclaimed as free;
- until its person arrives an appointment may go to another pool at the same time (`placing.py`), so whoever
  needs its slots locks it first and asks for them in a later statement;
- an appointment to come is supported by its places, or orphaned (mất chỗ) by a change of the centre and
  then without any: placement, the rows of its slots and their counters agree at every commit;
- whoever needs an appointment and slots locks the appointment first, then the slots by id;
- a place given up rests before the public has it (`kept_back`), and is offered to those who wait
  (`waitlist`);
- a person has at most so many appointments a day, and per sector a day: rows that cannot exist twice;
- how a centre books is data with a period and a decision, whole rules for a whole day
  (`booking_rules.py`); availability shows exactly the starts that booking accepts at that moment;
- on the day places of a slot change sides one way only, to walk-ins or online, for ever (`sharing.py`);
- nothing here knows counters or tickets: a citizen is placed in a pool, and `app.queue` turns a kept
  appointment into a ticket (`steps.mark_arrived`).

Start reading at `operations.book`.
"""
