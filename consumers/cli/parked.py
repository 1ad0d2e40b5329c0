"""``plaint parked list``: messages that wait for the one they answer."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from consumers.cli import output
from consumers.cli.questions import shown
from consumers.cli.session import session


def list_parked(
    *,
    limit: Annotated[int, Parameter(help="How many to show at most.", validator=Number(gte=1))] = 50,
    json: Annotated[bool, Parameter(negative="", help="Print JSON.")] = False,
) -> int:
    """List parked messages, the oldest first. What they say stays sealed."""
    with session() as here:
        rows = here.store.set_aside.listed("parked", limit=limit)
    if json:
        output.emit_json({"parked": [
            {"id": row.id, "reason": row.reason, "source": row.source, "since": row.since, "until": row.until}
            for row in rows
        ]})  # fmt: skip
    else:
        output.table(
            ("id", "reason", "from", "since", "until"),
            [(row.id, row.reason, row.source, shown(row.since), shown(row.until)) for row in rows],
        )
    return output.OK
