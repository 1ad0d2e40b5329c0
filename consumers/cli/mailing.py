"""``plaint mail``: what cases have queued for e-mail leaves for the mail server."""

import signal
import threading
from typing import Annotated

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import in_words, lasting, read_settings, session
from consumers.outbox.relayhost import NoServer
from consumers.wiring import mailing
from consumers.wiring.build import Installation


def mail(
    *,
    once: Annotated[bool, Parameter(negative="", help="Send what is due now and exit.")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print JSON, with --once.")] = False,
) -> int:
    """Send the mail that cases have queued to PLAINT_SMTP_SERVER until Ctrl-C; of several replicas one works.

    Each message leaves once nobody need wait for it any more, and its case records what became of it.
    Sending is at least once: a process that is killed in between sends that one mail again, with the
    same Message-ID. ``--once`` exits with 75 where the server does not answer or another replica works.
    """
    settings = read_settings()
    with in_words():
        mailing.host_of(settings)
        mailing.from_of(settings)
        with session(settings) if once else lasting(settings, "mail") as here:
            try:
                return _once(here, json=json) if once else _until_told(here)
            except NoServer as error:
                output.stop(output.TEMPORARY, str(error))


def _until_told(here: Installation) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    output.say(f"sending mail through {here.settings.smtp_server} (Ctrl-C stops it)")
    mailing.run(here, stop)
    output.say("stopped")
    return output.OK


def _once(here: Installation, *, json: bool) -> int:
    passed = mailing.sender(here).once()
    if passed is None:
        output.stop(output.TEMPORARY, "another replica sends mail at the moment")
    figures = {"sent": passed.sent, "failed": passed.failed, "waiting": passed.waiting, "mails": passed.mails}
    if json:
        output.emit_json(figures)
    else:
        output.table(tuple(figures), [tuple(figures.values())])
    return output.OK
