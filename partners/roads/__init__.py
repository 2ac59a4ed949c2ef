"""Roads (đường đi): a road engine of the operator's, asked at night what ways between communes take.

Always true:
- nobody who books waits for it: what it says becomes the factor a pair of communes begins with, and is
  stored (`app.rounds.learning`); couriers' own legs outweigh it;
- an engine that is slow or ill is left alone for the rest of the night, and nothing changes;
- an answer nobody can believe is dropped.

Start reading at `osrm.Osrm.seconds`.
"""
