"""The sandbox of a partner's programmers: a clock they move forward, and a courier who walks their visits.

Always true:
- its routes exist only where the deployment is a sandbox (`app.core.sandbox`); elsewhere they are 404;
- what the courier reports goes in as a telephone's reports do: there is no other way to move a visit;
- a visit of another partner does not exist here either.

Start reading at `walking.walk`.
"""
