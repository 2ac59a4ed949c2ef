"""The contract test kit: what a postal system must do, tried on it over HTTP (`motcua partner-kit URL`).

The kit is a small Motcua: it serves our side of the contract on a port, the system under test is pointed at
it, and then told things — rightly signed and wrongly, twice, late, with gaps. What the system answers, and
what it does at our side, is written down; every check is a pure judgement over those two lists.

Always true:
- a check has a stable name, says in both languages what must hold, and passes, fails or is skipped;
- a check that saw nothing to judge is skipped and says so: silence never passes;
- the kit answers kindly where Motcua would refuse a whole batch, so one mistake does not hide the next.

Start reading at `script.examine`.
"""
