"""``plaint case remedies``: what the rule proposes for a complaint, taken by the number of the option."""

from decimal import Decimal, InvalidOperation
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.cases import give
from consumers.cli.questions import Case, Json, case_id, note, snapshot
from consumers.cli.session import session
from consumers.wiring import clock
from consumers.wiring.build import Installation
from projections.replay.as_of import NoSuchCase
from projections.views.remedies.advice import CaseRemedies, ProposedOption, case_remedies
from projections.views.remedies.ask import NAMES
from schemas.complaint.remedies import ProposeRemedy, Unusual
from schemas.words import Money


def remedies(
    case: Case,
    /,
    *,
    take: Annotated[int | None, Parameter(help="Propose this option; its number is in the table.")] = None,
    amount: Annotated[
        str | None, Parameter(help="The sum, such as '20 EUR', where the option leaves it to you.")
    ] = None,
    why: Annotated[str | None, Parameter(help="Why, in words; needed where a warning stands.")] = None,
    by: Annotated[str | None, Parameter(help="Who does it; absent: the login name.")] = None,
    id: Annotated[str | None, Parameter(help="The command's id: given again it changes nothing.")] = None,
    json: Json = False,
) -> int:
    """Show what the table of remedies proposes for a case, by which rule, within which limits; or take one.

    Whoever wants another remedy gives the command ``propose_remedy`` by ``plaint case do``, with ``--why``.
    """
    with session() as here:
        stream = case_id(here, case)
        found = _asked(here, stream)
        if take is not None:
            return give(here, stream, _wish(found, take, amount), why=why, by=by, id=id, json=json)
    if json:
        output.emit_model(found)
        return output.OK
    _show(found)
    return output.OK


def _asked(here: Installation, stream: UUID) -> CaseRemedies:
    note(here, stream, "case", texts=False)
    history = here.store.read.stream(stream)
    try:
        with snapshot(here, NAMES) as seen:
            return case_remedies(seen, stream, history, clock.now())
    except NoSuchCase as error:
        output.stop(output.NOT_FOUND, str(error))


def _wish(found: CaseRemedies, number: int, amount: str | None) -> ProposeRemedy:
    option = next((one for one in found.options if one.option == number), None)
    if option is None:
        numbers = f"there are 1 to {len(found.options)}" if found.options else "nothing is proposed"
        output.stop(output.USAGE, f"--take {number}: no such option; {numbers}")
    if amount is not None and option.amount is not None:
        output.stop(output.USAGE, "--amount: this option has its sum; leave it out, or overrule by 'plaint case do'")
    return ProposeRemedy(
        form=option.form,
        ground=option.ground,
        head=option.head,
        amount=option.amount if amount is None else _money(amount),
        point=option.point,
    )


def _money(text: str) -> Money:
    number, _, currency = text.strip().partition(" ")
    try:
        return Money(amount=Decimal(number), currency=currency.strip())
    except (InvalidOperation, ValueError):
        output.stop(output.USAGE, "--amount: write a sum and its currency, such as '20 EUR'")


def _show(found: CaseRemedies) -> None:
    if found.rule is None:
        output.say("no rule in force says anything of this case; 'plaint case do ... propose_remedy' proposes")
    else:
        rule = f"rule {found.rule.rule} of {found.rule.rule_set} version {found.rule.version}"
        also = f"; also holding: {', '.join(found.also)}" if found.also else ""
        output.say(f"{rule}; ground {found.ground}, by {found.ground_by}{also}")
    if found.first:
        output.say(f"first: {', '.join(found.first)}")
    columns = ("option", "form", "ground", "head", "amount", "point", "beside", "approved by")
    output.table(columns, [_row(one) for one in found.options])
    for one in found.warnings:
        output.say(f"warning: {warned(one)}")


def _row(one: ProposedOption) -> tuple[object, ...]:
    amount = "" if one.amount is None else f"{one.amount.amount:f} {one.amount.currency}"
    by = f"{one.approved_by} ({one.limit})" if one.limit else one.approved_by or "by its sum"
    return (one.option, one.form, one.ground, one.head, amount, one.point, "yes" if one.alternative else "", by)


def warned(one: Unusual) -> str:
    """Return a warning in words, with its figures."""
    what = one.currency or "remedies"
    than = f"the limit of {one.bound:f} in {one.days} days" if one.days else f"usual among {one.persons}: {one.bound:f}"
    return f"this person was given {one.value:f} {what} in {one.cases} complaints, more than {than}"
