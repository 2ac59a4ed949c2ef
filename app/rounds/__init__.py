"""Rounds (tuyến thu gom, phát): couriers, their shifts and duties, and the live plan of every day.

Always true:
- a promise is a stop in a round that the checker accepts, or it is at risk and says since when and why;
- who changes a round of a day holds the day's row; a version names one state of one day, ever;
- a visit has at most one active assignment, and none before its round is told; the others are remembered;
- everything a promise rested on is kept with it.

Start reading at `day`, the plan as a value; then `plans` (in memory) and `live` (in the tables).
"""
