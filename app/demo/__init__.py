"""The demo: a morning at a one-stop centre, played over the public interfaces only.

`stage` sets it up (stores, sample, API, worker, emulators), `people` act as the people would — over HTTP,
with the tokens they would have — and `play` tells what happened. Nothing here reaches into the business:
what it cannot do over HTTP, a citizen, an officer or a partner cannot do either.
"""
