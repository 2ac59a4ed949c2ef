"""Custody (niêm phong, bàn giao): whose hands a sealed package is in, proven.

Always true:
- a seal number is in one package, ever;
- a package has exactly one custodian, and only the custodian can hand it over, to somebody else;
- every hand-over is an append-only row with two parties, hashed onto the one before (RFC 8785, SHA-256);
- what is stored of a package beside its hands is hashed too, and a head over all chains is signed daily;
- a broken seal or a missing paper quarantines the package: nothing can be accepted from it.

Start reading at `steps.py`: custody only ever changes inside somebody else's operation.
"""
