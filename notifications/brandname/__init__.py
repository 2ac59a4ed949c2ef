"""SMS under a registered brand name (tin nhắn thương hiệu) through a domestic gateway.

The shape is the one Vietnamese aggregators share: a JSON POST with a key, a secret, a brand name and an id
of ours by which the gateway blocks duplicates; a result code in a 200; the outcome called back by GET.
docs/channels.md says where it was read and what is assumed.
"""
