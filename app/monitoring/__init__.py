"""Monitoring (theo dõi, đánh giá): figures that can be proved, each with numerator, denominator and moment.

Always true:
- a figure is computed from visits, and a visit is told by the queue's append-only events: the live figures,
  read from the tickets, and the rebuilt ones, folded from the events, are the same to the last unit;
- a wait is first call minus the agreed time or the arrival; beside it stands the whole delay since the
  arrival, so that a promised return cannot hide a long day;
- nothing of nobody is a figure: without a denominator there is no value.

Start reading at `figures.py`.
"""
