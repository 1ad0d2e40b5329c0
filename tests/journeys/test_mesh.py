"""The day in the mesh without the restarts and outages that `make mesh` adds: a real Envoy, every process of Plaint.

`make mesh` plays all of it, so `make test` leaves it out.
"""

from collections.abc import Iterator

import pytest

from journeys.mesh.day import DAY, Part
from journeys.mesh.envoy import NoEnvoy, program
from journeys.mesh.site import Site, site
from support.broker import RunningBroker
from support.servers import crashable_server

pytestmark = [pytest.mark.slow, pytest.mark.mesh]


@pytest.fixture(scope="module")
def here(kafka: RunningBroker) -> Iterator[Site]:
    try:
        program()
    except NoEnvoy as error:
        pytest.skip(str(error))
    with crashable_server() as server, site(server, kafka) as found:
        yield found


SHORT = [part for part in DAY if not part.long]


@pytest.mark.parametrize("part", SHORT, ids=[part.name.replace(" ", "_") for part in SHORT])
def test_it_holds_in_the_mesh_that(here: Site, part: Part) -> None:
    assert part.do(here)
