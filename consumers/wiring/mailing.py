"""The process that sends mail: settings -> sender, and its drain."""

import threading
from contextlib import closing

from consumers.outbox import mail
from consumers.outbox.relayhost import RelayHost
from consumers.outbox.smtp import MailSender, Pace, World
from consumers.wiring import clock
from consumers.wiring.build import Installation
from consumers.wiring.health import Health
from consumers.wiring.processes import alone
from consumers.wiring.settings import Settings, SettingsRefused
from engine.store.database.wake import Waiter
from engine.store.herald import CHANNEL


def host_of(settings: Settings) -> RelayHost:
    """Return the mail server that the settings name; nothing is connected yet.

    Raises:
        SettingsRefused: they name none.
    """
    if settings.mail_server is None:
        raise SettingsRefused("PLAINT_SMTP_SERVER is not set; name the mail server, such as mail.example.com:587")
    host, port = settings.mail_server
    password = settings.smtp_password
    return RelayHost(
        host=host,
        port=port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
        ca_file=settings.smtp_ca_file,
    )


def from_of(settings: Settings) -> mail.From:
    """Return who our mail is from.

    Raises:
        SettingsRefused: nobody is named, or it is no address.
    """
    try:
        return mail.sender(settings.smtp_from or "", settings.smtp_message_id_domain)
    except mail.NoAddress:
        fix = "is no address; write one such as Complaints <complaints@example.com>"
        raise SettingsRefused(f"PLAINT_SMTP_FROM: {fix}") from None


def sender(here: Installation) -> MailSender:
    """Return what sends the mail of this installation; nothing is sent yet."""
    world = World(here.pool, here.store, here.service.submit, clock.now, clock.chance, here.meter)
    pace = Pace(poll_seconds=here.settings.poll_seconds)
    return MailSender(world, host_of(here.settings), from_of(here.settings), pace)


def send(here: Installation, stop: threading.Event) -> None:
    """Send mail until ``stop`` is set, as one thread among others; raises as ``MailSender.run``."""
    _send(here, stop, Health())


def run(here: Installation, stop: threading.Event) -> None:
    """Send mail and do nothing else until ``stop`` is set; raises as ``processes.alone``.

    While that is put off, this process is not ready.
    """
    alone(here, stop, lambda here, stop: _send(here, stop, here.health))


def _send(here: Installation, stop: threading.Event, health: Health) -> None:
    with closing(Waiter(here.conninfo, CHANNEL)) as waiter:
        made = sender(here)
        health.hindered_by(made.hindered)
        made.run(stop, waiter)
