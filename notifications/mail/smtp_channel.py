"""E-mail through a mail server: one connection a letter, its replies read step by step.

Until the last line of the letter was sent nothing can have left us; an answer that is lost after it leaves
the fate unknown, and nobody can be asked: a mail server has no list of what it took.
"""

import ssl
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

import aiosmtplib

from app.channel_settings import Security, SmtpSettings
from app.core.clock import current_time
from notifications.classification import Verdict
from notifications.mail import replies
from notifications.mail.bounces import return_path
from notifications.mail.letters import LetterRefused, Sender, letter
from notifications.port import Accepted, Outgoing, Rejected, Report, Sending, Unknown

TIMEOUT_S: Final = 10.0


class SmtpChannel:
    """One mail server and its account."""

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], datetime] = current_time,
    ) -> None:
        """Raises `ValueError` for authorities that cannot be read."""
        self._settings = settings
        self._trusted = _trusting(settings.ca_file)
        self._sender = Sender(settings.sender_name, settings.sender)
        self._timeout_s = timeout_s
        self._clock = clock

    async def send(self, message: Outgoing) -> Sending:
        """One letter. Refused before anything is sent when something in it could write a header."""
        content = message.content
        try:
            mail = letter(
                message_id=message.message_id,
                sender=self._sender,
                to=message.address,
                title=content.title,
                text=message.body,
                calendar=content.calendar,
                language=content.language,
                now=self._clock(),
                choices_link=content.choices_link,
            )
        except LetterRefused as reason:
            return Rejected(Verdict.RECIPIENT if reason.code == "address" else Verdict.CONTENT, reason.code)
        back = return_path(message.message_id, self._settings.bounces) or self._sender.address
        return await self._hand_over(
            mail.as_bytes(), message_id=message.message_id, back=back, to=message.address
        )

    async def find(self, *, phone: str, body: str, since: datetime) -> str | None:  # noqa: ARG002 - the port's
        """A mail server cannot be asked; the template's budget decides whether it is sent again."""
        return None

    async def fetch(self, provider_id: str) -> Report | None:  # noqa: ARG002 - the port's
        """Nobody knows what became of a letter but who reports that it came back."""
        return None

    async def knock(self) -> Sending:
        """Connect and sign in, send nothing: what `doctor` asks."""
        client = self._client()
        refused = await self._enter(client)
        if refused is not None:
            return refused
        await _leave(client)
        return Accepted("")

    def _client(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            timeout=self._timeout_s,
            use_tls=settings.security is Security.TLS,
            start_tls=settings.security is Security.STARTTLS,
            tls_context=self._trusted,
            local_hostname=self._sender.domain,
        )

    async def _hand_over(self, mail: bytes, *, message_id: uuid.UUID, back: str, to: str) -> Sending:
        client = self._client()
        refused = await self._enter(client)
        if refused is not None:
            return refused
        try:
            refused = await _name(client, back=back, to=to)
            return refused or await _data(client, mail, letter_id=f"<{message_id}@{self._sender.domain}>")
        finally:
            await _leave(client)

    async def _enter(self, client: aiosmtplib.SMTP) -> Rejected | None:
        """Connect, encrypt, sign in. Without encryption that was asked for nothing is said."""
        settings = self._settings
        try:
            await client.connect()
            if settings.user:
                await client.login(settings.user, str(settings.password))
        except aiosmtplib.SMTPResponseException as answer:
            client.close()
            found = replies.verdict(answer.code, answer.message)
            # At the door nobody has been named yet: whatever is permanent here is about us.
            verdict = found if found is Verdict.TEMPORARY else Verdict.CONFIGURATION
            return Rejected(verdict, replies.code(answer.code, answer.message))
        except ssl.SSLCertVerificationError:
            client.close()
            return Rejected(Verdict.CONFIGURATION, "certificate")
        except OSError as reason:
            client.close()
            return Rejected(Verdict.TEMPORARY, _connecting(reason))
        except aiosmtplib.SMTPException:
            # It answers, and lacks what we insist on: STARTTLS, or our way of signing in.
            client.close()
            return Rejected(Verdict.CONFIGURATION, "not_supported")
        return None


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as reason:
        raise ValueError(
            f"MOTCUA_SMTP_CA: {ca_file} cannot be read ({reason.strerror or type(reason).__name__})."
        ) from None


async def _name(client: aiosmtplib.SMTP, *, back: str, to: str) -> Rejected | None:
    """From whom and for whom."""
    try:
        await client.mail(back)
    except aiosmtplib.SMTPResponseException as answer:
        found = replies.verdict(answer.code, answer.message)
        verdict = found if found is Verdict.TEMPORARY else Verdict.CONFIGURATION
        return Rejected(verdict, replies.code(answer.code, answer.message))
    except (aiosmtplib.SMTPException, OSError) as reason:
        return Rejected(Verdict.TEMPORARY, _connecting(reason))
    try:
        await client.rcpt(to)
    except aiosmtplib.SMTPResponseException as answer:
        return _rejected(answer)
    except (aiosmtplib.SMTPException, OSError) as reason:
        return Rejected(Verdict.TEMPORARY, _connecting(reason))
    return None


async def _data(client: aiosmtplib.SMTP, mail: bytes, *, letter_id: str) -> Sending:
    try:
        await client.data(mail)
    except aiosmtplib.SMTPResponseException as refused:
        return _rejected(refused)
    except (aiosmtplib.SMTPException, OSError) as reason:
        return Unknown(_connecting(reason))
    # What the server calls it is only its own; its log and every report tell our id.
    return Accepted(letter_id)


def _rejected(answer: aiosmtplib.SMTPResponseException) -> Rejected:
    return Rejected(replies.verdict(answer.code, answer.message), replies.code(answer.code, answer.message))


def _connecting(reason: Exception) -> str:
    return "timeout" if isinstance(reason, TimeoutError) else "connection"


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Politely where the connection still stands: what was accepted stays accepted either way."""
    try:
        if client.is_connected:
            await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        pass
    finally:
        client.close()
