"""A net under the whole suite: whatever the product says of itself while it is tested names nobody.

The suite is full of phones, personal numbers, codes and tokens; none of them may come out in a log, a trace
or a figure. `plugin` listens in every process that runs tests, `net` says what is looked for:

- what is logged in the test's own process, in the product's own form and at its most talkative;
- stdout and stderr of every process a test starts, the log files they write, those of the stores too;
- spans that reach a collector, and every `/metrics` that is fetched.

Not looked at is what a command answers to whoever asked it (its stdout, read through a pipe), and what
pytest says itself: a failing assertion may show a phone.
"""
