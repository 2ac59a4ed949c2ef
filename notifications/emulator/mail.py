"""A mail server to try letters on: STARTTLS, an account, and recipients that make it misbehave.

Real SMTP by aiosmtpd. The part of an address before `@` says what goes wrong (`Trouble`); any other
recipient's letter is kept in `letters`.
"""

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from notifications.emulator.certificates import HERE, Authority

LONGEST_HANG_S: Final = 20.0


class Trouble(StrEnum):
    """One way of going wrong, by the local part of the recipient."""

    GONE = "gone"
    FULL = "full"
    GREY = "grey"
    REFUSED = "refused"
    CUT = "cut"
    HANG = "hang"


class Received(NamedTuple):
    """A letter as it came: from whom it returns, for whom, and what it says."""

    back: str
    to: str
    mail: EmailMessage
    encrypted: bool


class MailEmulator:
    """One mail server; its address once it runs, and everything it took."""

    def __init__(
        self, *, user: str, password: str, heard: Callable[[Received], None] | None = None
    ) -> None:
        self._heard = heard
        self._user = user.encode()
        self._password = password.encode()
        self.letters: list[Received] = []
        self.host = HERE
        self.port = 0
        self.ca_file = ""
        self._tries: Counter[str] = Counter()
        self._closing = asyncio.Event()

    def close(self) -> None:
        self._closing.set()

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        right = (
            isinstance(data, LoginPassword) and data.login == self._user and data.password == self._password
        )
        return AuthResult(success=right, handled=right)

    # The library calls these by their names.
    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        match address.partition("@")[0]:
            case Trouble.GONE:
                return "550 5.1.1 No such user here"
            case Trouble.FULL:
                return "552 5.2.2 Mailbox full"
            case Trouble.GREY:
                self._tries[address] += 1
                if self._tries[address] == 1:
                    return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        to = envelope.rcpt_tos[0]
        trouble = to.partition("@")[0]
        if trouble == Trouble.REFUSED:
            return "554 5.7.1 Message looks like spam"
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.letters.append(Received(envelope.mail_from or "", to, mail, session.ssl is not None))
        if self._heard is not None:
            self._heard(self.letters[-1])
        if trouble == Trouble.CUT and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        elif trouble == Trouble.HANG:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_HANG_S):
                    await self._closing.wait()
        return f"250 2.0.0 OK queued as {len(self.letters)}"


@contextlib.asynccontextmanager
async def running_mail(
    *, user: str, password: str, port: int = 0, heard: Callable[[Received], None] | None = None
) -> AsyncIterator[MailEmulator]:
    """The server on a port of this machine, for as long as the block runs; `heard` hears each letter."""
    emulator = MailEmulator(user=user, password=password, heard=heard)
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory(prefix="motcua-mail-") as folder:
        authority, ca_file = Authority(), Path(folder) / "authority.pem"
        context = authority.serving()
        ca_file.write_bytes(authority.pem)
        emulator.ca_file = str(ca_file)
        sessions: set[SMTP] = set()

        def session() -> SMTP:
            made = SMTP(
                emulator,
                hostname="mail.emulator",
                tls_context=context,
                require_starttls=True,
                auth_required=True,
                authenticator=emulator.authenticate,
                loop=loop,
            )
            sessions.add(made)
            return made

        server = await loop.create_server(session, HERE, port)
        emulator.port = server.sockets[0].getsockname()[1]
        try:
            yield emulator
        finally:
            emulator.close()
            server.close()
            for each in sessions:
                if each.transport is not None:
                    each.transport.close()
            await server.wait_closed()
