"""The doors in processes of their own, on one database: what one leaves to another is done by that other."""

import json
import signal

from support.embedded import temporary_data_dir
from support.running import Place


def test_the_http_door_alone_takes_messages_and_leaves_the_views_to_others() -> None:
    with temporary_data_dir("data") as data_dir:
        place = Place(data_dir)
        with place.running(command="serve") as door:
            message = {"channel": "chat", "system": "journey", "id": "1", "text": "The kettle is broken, a refund!"}
            taken = door.post(message)
            assert taken.status_code == 202, taken.text
            position = taken.json()["position"]
            asked = place.plaint("health", "--json", PLAINT_HTTP_PORT=door.address.rpartition(":")[2])
            assert json.loads(asked.stdout) == {"probe": "readyz", "ok": True, "reason": None}

            caught_up = place.plaint("project", "--once", "--json")
            assert caught_up.returncode == 0, caught_up.stderr
            assert door.get("/v1/funnel", at_least=position).json()["received"] == 1
            acted = place.plaint("timers", "--once", "--json")
            assert acted.returncode == 0, acted.stderr
            assert door.stop(signal.SIGTERM) == 0
            assert door.said().splitlines()[-1] == "stopped"
        nobody = place.plaint("health", PLAINT_HTTP_PORT="9")
        assert nobody.returncode == 75
        assert nobody.stderr == b"plaint: readyz: nobody answers at 127.0.0.1 port 9 (Connection refused)\n"
