"""``plaint mail`` as a person runs it, against a real mail server."""

import json
from pathlib import Path

import pytest

from support.commandline import CommandLine, Outcome
from support.mail_server import free_port, mail_server

MAIL = "From: ann@example.org\nMessage-ID: <1@example.org>\nSubject: Broken\n\nIt broke, I complain.\n"
REPLY = {"final": False, "channel": "email", "to": "ann@example.org", "body": "We look into it.", "queued": {}}
FROM = "Complaints <complaints@example.com>"


def once(plaint: CommandLine, port: int, *more: str) -> Outcome:
    server = f"127.0.0.1:{port}"
    return plaint(
        "mail", "--once", *more, PLAINT_SMTP_SERVER=server, PLAINT_SMTP_FROM=FROM, PLAINT_SMTP_SECURITY="none"
    )


@pytest.fixture(scope="module")
def number(plaint: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A case whose handler had a reply queued."""
    file: Path = tmp_path_factory.mktemp("mail") / "m.eml"
    file.write_text(MAIL, encoding="utf-8")
    plaint.ok("ingest", str(file))
    plaint.ok("project", "--once")
    found: str = plaint.ok("case", "list", "--json").json()["cases"][0]["number"]
    plaint.ok("case", "do", found, "reply", "--fields", json.dumps(REPLY))
    return found


def test_without_a_mail_server_it_says_what_to_set(plaint: CommandLine) -> None:
    outcome = plaint("mail", "--once")
    assert (outcome.code, outcome.out) == (78, "")
    assert "PLAINT_SMTP_SERVER is not set; name the mail server, such as mail.example.com:587" in outcome.err


def test_whom_the_mail_is_from_must_be_an_address(plaint: CommandLine) -> None:
    outcome = plaint("mail", "--once", PLAINT_SMTP_SERVER="127.0.0.1:1", PLAINT_SMTP_FROM="Complaints")
    assert outcome.code == 78
    assert "PLAINT_SMTP_FROM: is no address; write one such as Complaints <complaints@example.com>" in outcome.err


def test_what_a_handler_queued_waits_for_a_server_and_leaves_once(plaint: CommandLine, number: str) -> None:
    away = once(plaint, free_port())
    assert (away.code, away.out) == (75, "")
    assert "Connection refused" in away.err
    with mail_server() as room:
        first = once(plaint, room.port, "--json")
        assert (first.code, first.json()) == (0, {"sent": 1, "failed": 0, "waiting": 0, "mails": 1})
        again = once(plaint, room.port)
        assert again.out.split() == ["sent", "failed", "waiting", "mails", "0", "0", "0", "0"]
        assert room.subjects == [f"[{number}]"]
