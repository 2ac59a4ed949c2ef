"""The National Public Service Portal (Cổng Dịch vụ công quốc gia): told of every dossier, step by step.

Always true:
- what the portal lacks is decided by asking it (`TraCuuHoSo`) before anything is sent: a lost answer, a
  repeated fact or a killed worker sends nothing twice;
- steps of one dossier arrive in the order of its timeline, and a step is not sent before the one before it
  was taken;
- where the portal says another state, nothing is overwritten: a row says so until an operator decides;
- personal data is in the request and nowhere else: no log, error or row of ours repeats it.

Start reading at `telling.tell`. `client.py` speaks the older contract (docs/decisions/0041); `emulator/` is
their side.
"""
