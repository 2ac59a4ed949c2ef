"""Dossiers (hồ sơ): accepted, decided, returned — each with a number, a promised date and a trail.

Always true:
- a number is given once, in order, within an agency and a local day (Circular 01/2018/TT-VPCP, art. 19);
- a promised date follows the working calendar of the day it was given and never moves silently;
- the ten statuses change only along `states.MOVES`, and each change is a row of `dossier_event`;
- status 9 (done) needs a digitised result (Decree 107/2021/NĐ-CP);
- a pause keeps the promised date before and after it, and only the first supplement stops the clock;
- an officer's words stand with the decision (`dossier_decision`), never in a fact, a line or a message.

Start reading at `states.MOVES`, then `moving.py` and `operations/accept.py`.
"""
