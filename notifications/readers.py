"""Who reads a message, and what they chose: by the phone it goes to, whoever booked."""

from typing import NamedTuple, overload

from app.citizens import preferences
from app.citizens.rules import UNCHOSEN, Preferences
from app.core.contacts import Contact


class Reader(NamedTuple):
    """An E.164 phone, the language it is written to in, and the choices of whoever holds it."""

    phone: str
    locale: str
    chosen: Preferences = UNCHOSEN


@overload
async def reader(contact: Contact) -> Reader: ...


@overload
async def reader(contact: Contact | None) -> Reader | None: ...


async def reader(contact: Contact | None) -> Reader | None:
    """The language a person chose is stronger than that of the request which caused the message."""
    if contact is None:
        return None
    chosen = await preferences.of_phone(contact.phone)
    return Reader(contact.phone, chosen.language or contact.locale, chosen)
