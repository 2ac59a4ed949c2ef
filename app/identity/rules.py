"""How often and how long: the limits of signing in, with where they come from."""

from datetime import datetime, timedelta
from typing import Final

# NIST SP 800-63B-4 5.1.3: at least 20 bits, at most 10 minutes, single use.
CODE_DIGITS: Final = 6
CODE_LIFETIME: Final = timedelta(minutes=5)
CODE_ATTEMPTS: Final = 5
FAILED_CODES_PER_DAY: Final = 10
RETRY_AFTER: Final = timedelta(seconds=60)

# Sent codes per phone: (window, how many). Counted in PostgreSQL, failing closed.
SENDS_PER_PHONE: Final = (
    (timedelta(seconds=60), 1),
    (timedelta(minutes=10), 3),
    (timedelta(days=1), 6),
)
ADDRESS_WINDOW: Final = timedelta(hours=1)

PASSWORD_FAILURES: Final = 10
PASSWORD_WINDOW: Final = timedelta(minutes=15)

# OAuth 2.0 Security BCP (RFC 9700): absolute lifetimes; officers end with their shift.
CITIZEN_SIGN_IN: Final = timedelta(days=30)
OFFICER_SIGN_IN: Final = timedelta(hours=12)
DEVICE_SIGN_IN: Final = timedelta(days=1)
PARTNER_SIGN_IN: Final = timedelta(minutes=15)

# Eight letters of 32 are 40 bits: read out over the hall, useless after a quarter of an hour.
ENROLMENT_LETTERS: Final = 8
ENROLMENT_LIFETIME: Final = timedelta(minutes=15)

ASSERTION_LIFETIME: Final = timedelta(minutes=5)


def may_send(sent_at: list[datetime], *, now: datetime) -> bool:
    """Whether one more code may go to a phone that got codes at these moments."""
    return all(
        sum(moment > now - window for moment in sent_at) < limit for window, limit in SENDS_PER_PHONE
    )
