"""A postal IT department on your laptop: it knows us only by the partner API and our webhooks.

It signs in, keeps its couriers and their shifts with us, registers a webhook, checks every signature, and
sends couriers out: they count, seal, scan, ride and hand over, reporting twice and out of order as
telephones do. What a courier hears at a door arrives at `/door/{task}`; `/__log` tells what happened.
`--fault` makes one mistake on purpose (`faults.py`), for the partner kit to find.
"""
