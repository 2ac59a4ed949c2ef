"""Digests (tin gộp): several changes of one person's dossiers within ten minutes are one SMS.

Each change is a message of its own, owed once. Whichever is about to leave takes along those that wait
then: they end as parts (`part_of`) of a whole, which is one message more with text, calls and receipts of
its own.

Always true:
- a message is part of one whole at most, and a whole is part of none; whoever changes that, owes or calls
  such a message of a phone does so in turn (`joining.take_turn`);
- what may have arrived is joined to nothing, and nothing is added to a whole that may have;
- a part stands as its whole does, so that what fails goes on by the next way, each by itself;
- nothing is taken along that is not to be told any more, or goes by another way: that is asked just before
  (`Company`).

Start reading at `said.py` (what is said, and what waits), then `joining.py` (what goes together).
"""
