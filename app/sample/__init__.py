"""The Ninh Bình sample: a province to try the program in, made of facts and of marked assumptions.

Always true:
- loading it twice changes nothing: every row has an id derived from its name (UUIDv5 of one fixed
  namespace), so two machines, two tests and two days speak of the same counter;
- people, passwords and keys in it are invented and open nothing outside a sample database;
- what was not seen in a public source says so (`verified`, `status`, `note`) in `data/*.json`.

It sits beside the command line: it may use every concept, and nothing uses it but the command line,
the demonstration and tests.

Start reading at `seed.seed`.
"""
