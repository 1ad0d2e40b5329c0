"""``plaint reply``: is a reply good before it goes out, which ones a colleague scores, and how good they were."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import Json, case_id, note, shown, snapshot
from consumers.cli.session import in_words, read_settings, session
from consumers.wiring import clock, presets
from engine.rules.replies import Checked, check
from engine.text.replies.advice import advice
from engine.text.replies.finding import About
from engine.text.words import SpokenLanguage
from projections.replay.helping import told
from projections.views.replies import ask
from projections.views.replies.ask import Quality, SampleFilter, TrendFilter
from schemas.configuration.replies import ReplyRules

_LARGEST = 1_000_000


def check_reply(
    file: Annotated[str, Parameter(help="The reply as text in UTF-8; - is standard input.")],
    /,
    *,
    case: Annotated[
        str | None, Parameter(help="The case that it answers; absent: the text alone is judged, without a database.")
    ] = None,
    public: Annotated[bool, Parameter(negative="", help="It goes out where everybody can read it.")] = False,
    interim: Annotated[bool, Parameter(negative="", help="It is no final reply.")] = False,
    language: Annotated[SpokenLanguage, Parameter(help="Of the advice.")] = "en",
    json: Json = False,
) -> int:
    """Judge a reply before it goes out: what to mend, where, and its score.

    Exits with 1 where the rules would keep it back.
    """
    text = _text(file)
    if case is None:
        checked, rules = _alone(text, public=public, final=not interim)
    else:
        checked, rules = _for_case(text, case, public=public, final=not interim)
    if json:
        output.emit_model(told(checked, rules, language))
    else:
        _print(checked, rules, language)
    return output.OK if checked.passed else output.SOME_REJECTED


def sample(
    week: Annotated[str | None, Parameter(help="Any day of the week; absent: today.")] = None,
    /,
    *,
    per_handler: Annotated[int | None, Parameter(help="So many of each; absent: as the rules say.")] = None,
    team: Annotated[str | None, Parameter(help="Only replies of this team.")] = None,
    json: Json = False,
) -> int:
    """List the replies of a week that a colleague of their author should score with review-reply."""
    fields = {"week": week or clock.now().date(), "per_handler": per_handler, "team": team}
    wanted = output.model(SampleFilter, fields)
    with session() as here, snapshot(here, ask.NAMES) as seen:
        found = ask.sample(seen, wanted)
    if json:
        output.emit_model(found)
        return output.OK
    columns = ("case", "message", "author", "team", "replied", "final", "score", "scored")
    rows = [
        (
            one.number or one.case, one.message, one.author, one.team, shown(one.replied_at),
            "yes" if one.final else "no", one.score, "yes" if one.reviewed else "no",
        )
        for one in found.replies
    ]  # fmt: skip
    output.table(columns, rows, title=f"week of {found.week}, {found.per_handler} of each")
    return output.OK


def quality(
    *,
    from_: Annotated[date | None, Parameter(name="--from", help="Given on this day or later.")] = None,
    to: Annotated[date | None, Parameter(help="Given on this day or earlier.")] = None,
    team: Annotated[str | None, Parameter(help="Only replies of this team.")] = None,
    author: Annotated[str | None, Parameter(help="Only replies of this person, by the opaque id.")] = None,
    per: Annotated[Literal["team", "person"], Parameter(help="A row for each of these and each period.")] = "team",
    by: Annotated[Literal["week", "month"], Parameter(help="Periods.")] = "week",
    json: Json = False,
) -> int:
    """Show how good replies were by the check and by colleagues, by team or person and period."""
    fields = {"from": from_, "to": to, "team": team, "author": author, "per": per, "by": by}
    wanted = output.model(TrendFilter, fields)
    with session() as here, snapshot(here, ask.NAMES) as seen:
        found = ask.trend(seen, wanted)
    if json:
        output.emit_model(found)
        return output.OK
    columns = (per, by, "replies", "judged", "score", "overruled", "scored by colleagues", "their score")
    output.table(columns, [_row(one) for one in (*found.periods, found.whole)])
    told = ", ".join(f"{name} {number}" for name, number in found.findings.items())
    output.say(f"to mend: {told or 'nothing'}")
    return output.OK


# ------------------------------------------------------------------------------------------------ the check


def _text(file: str) -> str:
    try:
        octets = sys.stdin.buffer.read(_LARGEST) if file == "-" else Path(file).read_bytes()[:_LARGEST]
        return octets.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        output.stop(output.NOT_FOUND, f"{file}: {reason}; name a text file that can be read")


def _alone(text: str, *, public: bool, final: bool) -> tuple[Checked, ReplyRules]:
    with in_words():
        chosen = read_settings()
        found = presets.in_force(chosen.config_dir, chosen.named_presets)
    rules = next(one for one in found if isinstance(one, ReplyRules))
    return check(text, About(public=public, final=final), rules), rules


def _for_case(text: str, case: str, *, public: bool, final: bool) -> tuple[Checked, ReplyRules]:
    """Judge it by the opened texts of the case, having noted who read them."""
    with session() as here:
        stream = case_id(here, case)
        note(here, stream, "history")
        rules = here.service.book().reply_rules
        if rules is None:
            output.stop(output.CONFIGURATION, "no rule set of concern 'replies' is in force; add a file with one")
        checked = here.service.judged(stream, text, rules, public=public, final=final)
    if checked is None:
        output.stop(output.NOT_FOUND, f"no case '{case}'; 'plaint case list' shows the numbers")
    return checked, rules


def _print(checked: Checked, rules: ReplyRules, language: SpokenLanguage) -> None:
    rows = [
        (
            one.check, rules.severity(one.check), f"{one.place.start}-{one.place.end}" if one.place else "",
            output.harmless(one.words), advice(one, language),
        )
        for one in checked.quality.findings
    ]  # fmt: skip
    if rows:
        output.table(("found", "rule", "characters", "words", "advice"), rows)
    parts = ", ".join(f"{name} {score}" for name, score in checked.quality.parts.items())
    sys.stdout.write(f"score {checked.quality.score} of 100 ({parts}); {_fate(checked)}\n")


def _fate(checked: Checked) -> str:
    return "it may go out" if checked.passed else "it is kept back unless a person writes why"


def _row(one: Quality) -> tuple[object, ...]:
    key = "all" if one.period is None else one.key or "none"
    return (
        key, one.period, one.replies, one.judged, one.mean_score, one.overruled, one.reviewed, one.mean_review,
    )  # fmt: skip
