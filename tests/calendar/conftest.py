"""A centre, openings and appointments, as the tests of appointments have them."""

from tests.appointments.conftest import place, publish, tomorrow

__all__ = ["place", "publish", "tomorrow"]
