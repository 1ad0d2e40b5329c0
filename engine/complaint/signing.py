"""Is the final reply of a complaint signed by or for the team that must sign it.

A routing rule (``final_reply_by``), or a person by the same field, says which team that is. Signed is a reply by
somebody of that team: whom the staff list of the routing rules in force has there, or who answers for the complaint
while that team does. Signed for it is one where a verified person says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.complaint.given import Given
from schemas.complaint.correspondence import Reply
from schemas.refusals import Refusal

if TYPE_CHECKING:
    from engine.complaint.case import Case

FIELD: Final = "final_reply_by"
"""The field of a complaint that names the team."""


def team_of(case: Case) -> str | None:
    """Return the team by or for which the final reply must be signed; None where nothing says so."""
    found = dict(case.classification.fields).get(FIELD)
    return found if isinstance(found, str) else None


def require(command: Reply, case: Case, given: Given) -> None:
    """Refuse a final reply that lacks the signature it needs.

    Raises:
        Refusal: ``signature_missing``.
    """
    team = team_of(case)
    if not command.final or team is None:
        return
    if command.signed_for == team and not given.by_person:
        raise Refusal("person_required", "a verified person signs for a team", team=team)
    if not _signs(command.signed_by or given.actor, command.signed_for, team, case, given):
        fix = "have one of the team sign it, or sign for the team (signed_for)"
        raise Refusal("signature_missing", f"its final reply is signed by or for a team: {fix}", team=team)


def signed(case: Case, given: Given) -> bool:
    """Whether some final reply of this cycle has the signature it needs, or none needs any."""
    team, letters = team_of(case), case.correspondence
    if team is None:
        return True
    finals = [one for one in letters.answers if one.final and one.cycle == letters.cycle]
    return not finals or any(_signs(one.author, one.signed_for, team, case, given) for one in finals)


def _signs(signer: str, signed_for: str | None, team: str, case: Case, given: Given) -> bool:
    if signed_for == team:
        return True
    routing = given.book.routing
    members = {one.person for one in routing.staff if team in one.teams} if routing is not None else set()
    held = case.assignment
    return signer in members or (held.team == team and held.assignee == signer)
