"""One opened installation for the time of a command, with errors turned into sentences and exit codes."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from consumers.cli.output import CONFIGURATION, REFUSED, TEMPORARY, USAGE, Stop
from consumers.kafka.access import BrokerUnavailable
from consumers.kafka.protocol import Fenced
from consumers.wiring import build, settings, telemetry
from consumers.wiring.build import Installation
from consumers.wiring.listening import CannotListen
from consumers.wiring.settings import Settings, SettingsRefused
from engine.incoming import Sender
from engine.store.batch import Conflict
from engine.store.database.errors import DatabaseError, DatabaseUnavailable
from engine.store.mapper import UnknownEvent, UnreadableEvent
from engine.store.vault.ledger import LEDGER_ERRORS
from engine.store.vault.master import KeyFileRefused, UnknownMasterKey
from projections.api.paging import BadCursor
from projections.runtime.progress import Missing, NotYet
from schemas.configuration import ConfigurationRefused


def read_settings() -> Settings:
    """Return the settings, or end the command with what is wrong."""
    try:
        return settings.from_environment()
    except SettingsRefused as refused:
        raise Stop(CONFIGURATION, str(refused)) from None


@contextmanager
def session(chosen: Settings | None = None) -> Iterator[Installation]:
    """Lend the installation that the settings name; it is closed afterwards. The log goes to stderr."""
    chosen = chosen or read_settings()
    telemetry.start(chosen.log_format)
    with in_words(), build.opened(chosen) as here:
        yield here


@contextmanager
def lasting(chosen: Settings, door: str) -> Iterator[Installation]:
    """Lend the installation to a process that stays: probed, measured and traced from its start to its end."""
    from consumers.wiring import staying

    telemetry.start(chosen.log_format)
    with in_words(), staying.lasting(chosen, door) as here:
        yield here


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what a person can mend into a sentence and an exit code."""
    try:
        yield
    except DatabaseUnavailable as error:
        raise Stop(TEMPORARY, str(error)) from error
    except psycopg.OperationalError as error:
        raise Stop(TEMPORARY, f"the database went away ({type(error).__name__}); try again") from error
    except psycopg.errors.InsufficientPrivilege as error:
        reason = error.diag.message_primary or "a right is missing"
        fix = "let the owner of the tables run `plaint store grant ROLE --as door` (see `plaint store grant --help`)"
        raise Stop(CONFIGURATION, f"the database role lacks a right ({reason}): {fix}") from error
    except (DatabaseError, KeyFileRefused, UnknownMasterKey, ConfigurationRefused, *LEDGER_ERRORS) as error:
        raise Stop(CONFIGURATION, str(error)) from error
    except (SettingsRefused, CannotListen) as refused:
        raise Stop(CONFIGURATION, str(refused)) from None
    except BrokerUnavailable as error:
        raise Stop(CONFIGURATION if error.lasting else TEMPORARY, str(error)) from None
    except Fenced:
        reason = "another process has the group instance id of this one; see PLAINT_KAFKA_INSTANCE"
        raise Stop(REFUSED, reason) from None
    except (NotYet, Missing) as error:
        raise Stop(TEMPORARY, str(error)) from error
    except (UnknownEvent, UnreadableEvent) as error:
        raise Stop(CONFIGURATION, f"{error}; nothing was changed, run the newest program of this log") from error
    except BadCursor as error:
        raise Stop(USAGE, f"--{error}") from None
    except Conflict as error:
        raise Stop(REFUSED, f"somebody else was first ({error}); try again") from error


def sender(here: Installation, name: str | None = None) -> Sender:
    """Return who works on this command line: a person by his login name, known opaquely."""
    person = name or here.settings.local_person or getpass.getuser()
    return Sender(workload="cli", actor=here.person_of(person), identity="local", back_dating=True)
