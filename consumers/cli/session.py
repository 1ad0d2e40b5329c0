"""One opened installation for the time of a command, with errors turned into sentences and exit codes."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from consumers.cli.output import CONFIGURATION, REFUSED, TEMPORARY, Stop
from consumers.wiring import build, settings
from consumers.wiring.build import Installation
from consumers.wiring.settings import Settings, SettingsRefused
from engine.incoming import Sender
from engine.store.batch import Conflict
from engine.store.database.errors import DatabaseError, DatabaseUnavailable
from engine.store.vault.master import KeyFileRefused
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
    """Lend the installation that the settings name; it is closed afterwards."""
    try:
        with build.opened(chosen or read_settings()) as here:
            yield here
    except DatabaseUnavailable as error:
        raise Stop(TEMPORARY, str(error)) from error
    except (DatabaseError, KeyFileRefused, ConfigurationRefused) as error:
        raise Stop(CONFIGURATION, str(error)) from error
    except (NotYet, Missing) as error:
        raise Stop(TEMPORARY, str(error)) from error
    except Conflict as error:
        raise Stop(REFUSED, f"somebody else was first ({error}); try again") from error


def sender(here: Installation, name: str | None = None) -> Sender:
    """Return who works on this command line: a person by his login name, known opaquely."""
    person = name or here.settings.local_person or getpass.getuser()
    return Sender(workload="cli", actor=here.person_of(person), identity="local", back_dating=True)
