"""``plaint problem``: systemic causes behind complaints, what is done about them and what it brought."""

from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.cases import give
from consumers.cli.questions import Case, Json, case_id, shown, snapshot
from consumers.cli.session import session
from consumers.wiring import clock
from engine.text.similarity import ONE_MATTER
from projections.views.problems import ask
from projections.views.problems.ask import Belonging, Effect, EffectFilter, Problem, ProblemFilter, State, WholeProblem
from projections.views.similar import ask as alike
from projections.views.similar.ask import ClusterFilter, SimilarFilter
from schemas.streams.problem import MeasureEffect, OpenProblem
from schemas.words import Cause

Id = Annotated[UUID, Parameter(help="The problem's id, as 'plaint problem list' shows it.")]
By = Annotated[str | None, Parameter(help="Who does it; absent: the login name.")]


def list_problems(
    *,
    state: Annotated[
        State | None, Parameter(help="suspected, open, mended, or none: closed since it was none.")
    ] = None,
    cause: Annotated[Cause | None, Parameter(help="Only those of this root cause, such as supplier.")] = None,
    limit: Annotated[int, Parameter(help="At most so many, 1 to 500.")] = 50,
    json: Json = False,
) -> int:
    """List systemic causes, suspected by rule or named by a person, those with most complaints first."""
    wanted = output.model(ProblemFilter, {"state": state, "cause": cause, "limit": limit})
    with session() as here, snapshot(here, ask.NAMES) as seen:
        found = ask.problems(seen, wanted)
    if json:
        output.emit_model(found)
        return output.OK
    columns = ("problem", "state", "cause", "code", "complaints", "last 7 days", "to do", "since")
    output.table(columns, [_row(one) for one in found.problems], title=f"{found.count} in all")
    return output.OK


def show(problem: Id, /, *, json: Json = False) -> int:
    """Show a problem with its complaints and actions."""
    with session() as here, snapshot(here, ask.NAMES) as seen:
        found = ask.problem(seen, problem)
    if found.problem is None:
        output.stop(output.NOT_FOUND, f"there is no problem {problem}; 'plaint problem list' shows all")
    if json:
        output.emit_model(found)
        return output.OK
    _say_whole(found, found.problem)
    return output.OK


def clusters(
    *,
    days: Annotated[int, Parameter(help="Of the latest so many days, such as 7 or 30.")] = 7,
    least: Annotated[float, Parameter(help="How much two texts must have in common, 0 to 1.")] = ONE_MATTER,
    smallest: Annotated[int, Parameter(help="From how many complaints on a group is shown.")] = 3,
    json: Json = False,
) -> int:
    """Group the complaints of the latest days by what they say, the largest group first."""
    wanted = output.model(ClusterFilter, {"days": days, "least": least, "smallest": smallest})
    with session() as here, snapshot(here, alike.NAMES) as seen:
        found = alike.grouped(seen, wanted)
    if json:
        output.emit_model(found)
        return output.OK
    rows = [
        (
            len(one.cases), f"{one.likeness:.2f}", shown(one.first_received_at), shown(one.last_received_at),
            ", ".join(number or str(case) for number, case in zip(one.numbers, one.cases, strict=True)),
            ", ".join(map(str, one.problems)),
        )
        for one in found.clusters
    ]  # fmt: skip
    columns = ("complaints", "likeness", "from", "to", "cases", "problems")
    output.table(columns, rows, title=f"{found.compared} complaints compared")
    return output.OK


def similar(
    case: Case,
    /,
    *,
    days: Annotated[int, Parameter(help="Received up to so many days before it or after it.")] = 30,
    least: Annotated[float, Parameter(help="How much two texts must have in common, 0 to 1.")] = ONE_MATTER,
    limit: Annotated[int, Parameter(help="At most so many, 1 to 200.")] = 20,
    json: Json = False,
) -> int:
    """List complaints that say much the same as this one, and the problems they belong to."""
    wanted = output.model(SimilarFilter, {"days": days, "least": least, "limit": limit})
    with session() as here, snapshot(here, alike.NAMES) as seen:
        found = alike.similar(seen, case_id(here, case), wanted)
    if json:
        output.emit_model(found)
        return output.OK
    rows = [
        (
            one.number or one.case, f"{one.likeness:.2f}", "a copy" if one.copy_of else "", shown(one.received_at),
            one.type, one.product, ", ".join(map(str, one.problems)),
        )
        for one in found.found
    ]  # fmt: skip
    columns = ("case", "likeness", "", "received", "type", "product", "problems")
    output.table(columns, rows, title=f"{found.compared} complaints compared")
    if rows:
        output.say("one person's two complaints: 'plaint case do CASE link'; one cause: 'plaint problem do ID link'")
    return output.OK


def lessons(*, json: Json = False) -> int:
    """Show the board of lessons: what happened, what was changed, what it brought. Nobody is named."""
    with session() as here, snapshot(here, ask.NAMES) as seen:
        found = ask.lessons(seen)
    if json:
        output.emit_model(found)
        return output.OK
    rows = [
        (
            one.cause,
            one.code,
            one.complaints,
            one.happened,
            one.changed,
            _per_day(one.before_per_day, one.after_per_day),
        )
        for one in found.lessons
    ]  # fmt: skip
    output.table(("cause", "code", "complaints", "what happened", "what was changed", "a day"), rows)
    return output.OK


def effect(
    problem: Id,
    /,
    *,
    days: Annotated[int, Parameter(help="So many days before the first completed action, and after it.")] = 30,
    record: Annotated[bool, Parameter(negative="", help="Record the figures with the problem.")] = False,
    by: By = None,
    json: Json = False,
) -> int:
    """Count the complaints of a problem a day, before its first completed action and after it."""
    today = clock.now().date()
    with session() as here:
        with snapshot(here, ask.NAMES_OF_EFFECT) as seen:
            found = ask.effect(seen, problem, EffectFilter(days=days), today)
        if record:
            return give(here, problem, _measured(found), why=None, by=by, id=None, json=json)
    if json:
        output.emit_model(found)
        return output.OK
    rows = [(found.completed_on, found.days, found.before, found.days_after, found.after, _per_day_of(found))]
    output.table(("completed on", "days before", "complaints", "days after", "complaints", "a day"), rows)
    return output.OK


def open_problem(
    cause: Annotated[Cause, Parameter(help="The root cause: process, people, product, supplier and so on.")],
    /,
    *,
    code: Annotated[str | None, Parameter(help="The company's own code of it.")] = None,
    owner: Annotated[str | None, Parameter(help="Who answers for it, such as person:k7.")] = None,
    problem: Annotated[UUID | None, Parameter(help="A suspected problem, to confirm it; absent: a new one.")] = None,
    by: By = None,
    json: Json = False,
) -> int:
    """Open a problem, or confirm a suspected one, by naming its cause; says its id."""
    wish, problem = OpenProblem(cause=cause, code=code, owner=owner), problem or clock.new_id()
    with session() as here:
        code_of_exit = give(here, problem, wish, why=None, by=by, id=None, json=json)
    if not json:
        output.say(f"it is problem {problem}")
    return code_of_exit


def do(
    problem: Id,
    command: Annotated[
        str, Parameter(help="link, unlink, assign-action, complete-action, record-lesson, measure-effect or close.")
    ],
    /,
    *,
    fields: Annotated[str, Parameter(help="The command's fields as one JSON object.")] = "{}",
    by: By = None,
    id: Annotated[str | None, Parameter(help="The command's id: given again it changes nothing.")] = None,
    json: Json = False,
) -> int:
    """Give a command for a problem: link complaints, assign and complete actions, record the lesson, close."""
    wish = output.command(f"problem.{command.replace('-', '_')}", fields)
    with session() as here:
        return give(here, problem, wish, why=None, by=by, id=id, json=json)


def _measured(found: Effect) -> MeasureEffect:
    if found.before_per_day is None or found.after_per_day is None:
        output.stop(output.REFUSED, "there is no effect to record yet: no action was completed, or only today")
    return MeasureEffect(
        measured_on=clock.now().date(), before_per_day=found.before_per_day, after_per_day=found.after_per_day
    )


def _row(one: Problem) -> tuple[object, ...]:
    since = shown(one.begun_at)
    return one.problem, one.state, one.cause, one.code, one.complaints, one.last_7_days, one.to_do, since


def _say_whole(found: WholeProblem, head: Problem) -> None:
    output.table(
        ("problem", "state", "cause", "code", "complaints", "last 7 days", "to do", "since"), [_row(head)]
    )  # fmt: skip
    complaints = [
        (
            one.number or one.case,
            one.received_on,
            one.type,
            one.product,
            _closed(one),
            _who(one),
        )
        for one in found.complaints
    ]
    output.table(("case", "received", "type", "product", "", "linked by"), complaints)
    actions = [
        (one.action, one.team, one.owner, one.due and shown(one.due), one.completed_at and shown(one.completed_at))
        for one in found.actions
    ]
    output.table(("action", "team", "owner", "due", "completed"), actions)
    if found.lesson is not None:
        output.table(("what happened", "what was changed"), [(found.lesson.happened, found.lesson.changed)])


def _closed(one: Belonging) -> str:
    return "closed" if one.closed else ""


def _who(one: Belonging) -> str:
    return "rule" if one.by_rule else "person"


def _per_day_of(found: Effect) -> str:
    return _per_day(found.before_per_day, found.after_per_day)


def _per_day(before: object, after: object) -> str:
    return "not measured" if before is None or after is None else f"{before} -> {after}"
