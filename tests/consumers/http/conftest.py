"""An installation whose views are up to date, and its door, for the tests of a module."""

from collections.abc import Iterator

import pytest

from consumers.wiring import build, views
from consumers.wiring.build import Installation
from consumers.wiring.settings import from_environment
from support.web import Web, web


@pytest.fixture(scope="module")
def here(settings: dict[str, str]) -> Iterator[Installation]:
    with build.opened(from_environment(settings)) as opened:
        views.runner(opened).catch_up()
        yield opened


@pytest.fixture(scope="module")
def asked(here: Installation) -> Iterator[Web]:
    with web(here) as found:
        yield found
