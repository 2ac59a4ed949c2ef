"""Rounds (tuyến thu gom, phát): couriers, their shifts, and who is sent to which door.

Always true:
- a visit has at most one active assignment, and keeps the history of the others;
- a courier is sent only with the skill, inside a shift that covers the window, below its capacity;
- among those, the nearest goes; the same facts always choose the same courier.

Start reading at `rules.choose_courier`.
"""
