"""Identity: who somebody is, for the four audiences and the pages.

Always true:
- a citizen signs in by a code sent to a phone, an officer by password (and TOTP once enrolled), a
  device by its key, a partner by a signed assertion (RFC 7523) or, in the sandbox, by a secret;
- answers about phones are the same whether the phone is known, unknown or throttled;
- a refresh token works once; one that comes back ends its whole family;
- limits on codes and passwords live in PostgreSQL and fail closed.

Start reading at `operations/`.
"""
