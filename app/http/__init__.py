"""The web toolkit: everything every request needs, and nothing of the business.

A request meets, in this order: its id and language (`requests`), who may call (`access`, default
nobody), strict decoding (`body`), the idempotency record (`once`), the handler, and on the way out
problem documents (`problems`) and versions (`versions`).
"""
