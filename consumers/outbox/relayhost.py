"""The mail server that our mail is handed to: one SMTP session at a time, and what its answers mean.

A session is opened when there is something to send and closed after it. Each mail ends in one of three
ways: the server has taken it, it will never take it (``NeverTaken``), or it may later (``NotTaken``).
Trouble that is not about the mail itself is ``NoServer``: then nothing else is tried either.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Final, Literal, Protocol

Security = Literal["starttls", "tls", "none"]
TIMEOUT_SECONDS: Final = 30.0
_PERMANENT: Final = 500


class NoServer(Exception):
    """The mail server cannot be used now. ``cause`` is a stable word; says nothing of any mail."""

    def __init__(self, cause: str, reason: str) -> None:
        self.cause = cause
        super().__init__(reason)


class NeverTaken(Exception):
    """The server refuses this mail for good. ``code`` is its answer; 0: it was not asked."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"the mail server refused it with {code}" if code else "no server takes such a mail")


class NotTaken(Exception):
    """The server does not take this mail now, and may later."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"the mail server put it off with {code}")


class Session(Protocol):
    """Hands mails over."""

    def send(self, mail: Message) -> None:
        """Return once the server has taken the mail for its one addressee.

        Raises:
            NeverTaken, NotTaken: of this mail.
            NoServer: the session is over.
        """


class MailServer(Protocol):
    """Where sessions are had."""

    def opened(self) -> AbstractContextManager[Session]: ...


@dataclass(frozen=True, slots=True)
class RelayHost:
    """A mail server by its address. ``security`` ``tls`` begins encrypted, ``starttls`` never goes on without."""

    host: str
    port: int
    security: Security = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Who signs its certificate; None: whom the system trusts."""
    timeout_seconds: float = TIMEOUT_SECONDS

    @contextmanager
    def opened(self) -> Iterator[Session]:
        """Lend one session.

        Raises:
            NoServer: it does not answer, offers no encryption, cannot be trusted or does not know us.
        """
        try:
            link = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            raise NoServer("not_let_in", f"the mail server does not let us in ({error.smtp_code})") from None
        except smtplib.SMTPNotSupportedError as error:
            raise NoServer("not_offered", f"the mail server lacks what the settings ask for: {error}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NoServer("no_answer", f"{self.host}:{self.port}: {_told(error)}") from None
        try:
            yield _Session(link)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                link.quit()
            link.close()

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        if self.security == "tls":
            link: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_seconds, context=context)
        else:
            link = smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        try:
            if self.security == "starttls":
                link.starttls(context=context)
            if self.username is not None and self.password is not None:
                link.login(self.username, self.password)
        except BaseException:
            link.close()
            raise
        return link


@dataclass(frozen=True, slots=True)
class _Session:
    link: smtplib.SMTP

    def send(self, mail: Message) -> None:
        try:
            self.link.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            raise _of_mail(next(iter(error.recipients.values()))[0]) from None
        except smtplib.SMTPSenderRefused as error:
            raise NoServer("sender_refused", f"the mail server refuses us as a sender ({error.smtp_code})") from None
        except smtplib.SMTPDataError as error:
            raise _of_mail(error.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise NeverTaken(0) from None
        except (smtplib.SMTPException, OSError) as error:
            raise NoServer("lost", f"the session ended: {_told(error)}") from None


def _of_mail(code: int) -> NeverTaken | NotTaken | NoServer:
    """421 closes the session, and is about no mail (RFC 5321, 3.8)."""
    if code == 421:
        return NoServer("closing", "the mail server closes down (421)")
    return NeverTaken(code) if code >= _PERMANENT else NotTaken(code)


def _told(error: Exception) -> str:
    """Return what went wrong without what the server says: that may repeat an address."""
    code = getattr(error, "smtp_code", None)
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"{reason} ({code})" if code else str(reason)
