"""Stories: the same for the same seed, of every kind, on every channel, in texts that say what they mean."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, get_args

import pytest

from consumers.sample.play import lines
from consumers.sample.script import Did, Said, Step
from consumers.sample.story import PLOTS, Language, Period, Story, begins, steps, story
from consumers.sample.wording import table
from engine.text.triage import opening_sense, sense_of
from schemas import channels
from schemas.channels.message import Message
from schemas.words import Channel, Sense

PERIOD = Period(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
CASES = 300
AGREES: dict[Sense, frozenset[Sense]] = {"compliment": frozenset({"compliment", "thanks", "review"})}
"""Praise is praise under any of these names: it opens no complaint."""


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return [story(1, index, "mix", PERIOD) for index in range(CASES)]


def said(stories: list[Story]) -> Iterator[tuple[Said, Message]]:
    for told in stories:
        for step in told.steps:
            if isinstance(step.act, Said):
                yield step.act, channels.to_message(channels.parse(step.act.payload))


def taken_for(message: Message) -> Sense:
    share = float(message.rating.score / message.rating.out_of) if message.rating else None
    return sense_of((message.subject, message.text), rating=share)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts(inner)


@pytest.mark.parametrize("language", get_args(Language))
def test_the_same_seed_gives_the_same_steps(language: Language) -> None:
    assert list(steps(40, 7, language, PERIOD)) == list(steps(40, 7, language, PERIOD))


def test_another_seed_shares_no_id_and_no_message() -> None:
    one, other = ([step for _, step in steps(40, seed, "mix", PERIOD)] for seed in (7, 8))
    assert not {step.id for step in one} & {step.id for step in other}
    assert not set(lines(40, 7, "mix", PERIOD.start, PERIOD.end)) & set(lines(40, 8, "mix", PERIOD.start, PERIOD.end))


def test_another_period_or_language_is_another_sample() -> None:
    longer = Period(PERIOD.start, PERIOD.end + timedelta(days=1))
    samples: tuple[tuple[Language, Period], ...] = (("mix", PERIOD), ("mix", longer), ("ru", PERIOD))
    usual, more, russian = ({step.id for _, step in steps(20, 7, *sample)} for sample in samples)
    assert not usual & more
    assert not usual & russian


def test_a_case_does_not_depend_on_how_many_others_there_are() -> None:
    few = [step for _, step in steps(30, 7, "mix", PERIOD)]
    many = {step.id: step for _, step in steps(60, 7, "mix", PERIOD)}
    assert [many[step.id] for step in few] == few


def test_every_step_has_an_id_of_its_own(stories: list[Story]) -> None:
    ids = Counter(step.id for told in stories for step in told.steps)
    assert max(ids.values()) == 1


def test_steps_come_in_the_order_of_time_within_the_period() -> None:
    played = list(steps(100, 3, "mix", PERIOD))
    assert all(before.at <= after.at for (_, before), (_, after) in pairwise(played))
    assert all(PERIOD.start <= step.at < PERIOD.end for _, step in played)
    counts = [begun for begun, _ in played]
    assert counts == sorted(counts)
    assert counts[-1] == 100


def test_no_step_comes_before_its_case_begins(stories: list[Story]) -> None:
    early = [told.case for told in stories if told.steps and told.steps[0].at < begins(1, int(told.case), PERIOD)]
    assert early == []


def test_every_plot_and_channel_appears_in_each_hundred(stories: list[Story]) -> None:
    for hundred in range(0, CASES, 100):
        dealt = stories[hundred : hundred + 100]
        assert {told.plot for told in dealt} == set(PLOTS)
    heard = {message.channel for _, message in said(stories)}
    assert heard == set(get_args(Channel))


def test_both_languages_are_spoken_in_a_mixed_sample(stories: list[Story]) -> None:
    spoken = Counter(told.language for told in stories)
    assert min(spoken["ru"], spoken["en"]) > CASES / 3


def test_some_cases_are_open_at_the_end_and_some_rated_reopened_and_overdue(stories: list[Story]) -> None:
    done = Counter(step.act.command.NAME for told in stories for step in told.steps if isinstance(step.act, Did))
    for name in ("close", "rate", "resolve", "discontinue", "reopen", "approve_remedy", "reverse_remedy", "promise"):
        assert done[f"complaint.{name}"] > 0, name
    assert done["complaint.resolve"] < CASES


def test_no_place_of_a_text_stays_open(stories: list[Story]) -> None:
    sent = [text for act, _ in said(stories) for text in texts(dict(act.payload))]
    read = [f"{message.subject}\n{message.text}" for _, message in said(stories)]
    written = [
        text
        for told in stories
        for step in told.steps
        if isinstance(step.act, Did)
        for text in (*texts(step.act.command.model_dump(mode="json")), step.act.why or "")
    ]
    assert [text for text in (*sent, *read, *written) if re.search(r"[{}]|None", text)] == []


def test_every_sentence_of_the_tables_can_be_filled_in_both_languages() -> None:
    known = {
        "name", "first", "handle", "a", "agent", "product", "Product", "part", "Part", "shop", "Shop", "topic", "order",
        "date", "since", "few", "days", "amount", "digits", "hour",
    }  # fmt: skip
    for language in ("ru", "en"):
        places = {place for text in texts(table(language)) for place in re.findall(r"{(\w+)}", text)}
        assert places <= known


def test_both_tables_have_the_same_shape() -> None:
    def shape(value: Any, path: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from shape(inner, f"{path}/{name}")
        else:
            yield path

    assert set(shape(dict(table("ru")))) == set(shape(dict(table("en"))))


def test_openers_do_not_look_copied(stories: list[Story]) -> None:
    openers = [
        text
        for told in stories
        for text in {message.text for act, message in said([told]) if act.opens and act.sense == "complaint"}
    ]
    assert len(set(openers)) >= 0.98 * len(openers)


def test_triage_takes_openers_for_what_they_mean_and_no_complaint_for_thanks(stories: list[Story]) -> None:
    openers = [(act.sense, taken_for(message)) for act, message in said(stories) if act.opens]
    agreed = [meant for meant, taken in openers if taken in AGREES.get(meant, {meant})]
    assert len(agreed) >= 0.9 * len(openers)
    assert [taken for meant, taken in openers if meant == "complaint" and opening_sense(taken) != "complaint"] == []


def test_on_no_day_a_compliment_opens_a_complaint() -> None:
    """It would play on as what it is, and the desk's commands for it would be refused."""
    periods = (Period(PERIOD.start + timedelta(days=day), PERIOD.end + timedelta(days=day)) for day in range(20))
    told = [story(seed, index, "mix", period) for seed, period in enumerate(periods) for index in range(100)]
    openers = [(act.sense, opening_sense(taken_for(message))) for act, message in said(told) if act.opens]
    assert len(openers) > 1_800
    assert {meant for meant, taken in openers if taken == "complaint"} == {"complaint", "spam"}  # spam in disguise


def test_thanks_are_taken_for_thanks_and_anger_for_anger(stories: list[Story]) -> None:
    wrong = [
        (act.sense, taken_for(message), message.text)
        for act, message in said(stories)
        if not act.opens and act.sense in ("thanks", "complaint") and taken_for(message) != act.sense
    ]
    assert wrong == []


def test_an_answer_by_machine_is_known_as_one(stories: list[Story]) -> None:
    machines = [message for act, message in said(stories) if message.automated]
    assert {message.automated for message in machines} == {"auto_reply"}
    assert all(message.conversation for message in machines)


def test_people_are_reachable_at_reserved_domains_and_numbers_alone(stories: list[Story]) -> None:
    contacts = {contact for _, message in said(stories) for contact in message.author.contacts}
    domains = {contact.value.partition("@")[2] for contact in contacts if contact.kind == "email"}
    assert domains <= {"post.invalid", "mail.invalid", "letters.invalid", "pochta.invalid"}
    fictitious = re.compile(r"\+7000\d{7}|\+447700900\d{3}|\+1\d{3}55501\d\d")
    phones = [contact.value for contact in contacts if contact.kind == "phone"]
    assert [phone for phone in phones if not fictitious.fullmatch(phone)] == []


def test_staff_work_while_the_desk_is_open(stories: list[Story]) -> None:
    def hours(step: Step) -> tuple[int, int]:
        local = step.at + timedelta(hours=3)
        return local.weekday(), local.hour

    done = [(step, step.act) for told in stories for step in told.steps if isinstance(step.act, Did)]
    worked = [hours(step) for step, act in done if act.who.startswith("person:")]
    outside = [at for at in worked if at[0] > 4 or not 9 <= at[1] < 19]  # who is at it stays some minutes longer
    assert outside == []


def test_the_lines_are_the_messages_in_order_and_parse() -> None:
    written = list(lines(50, 5, "en", PERIOD.start, PERIOD.end))
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in written)
    assert len([channels.parse(line) for line in written]) == len(
        [step for _, step in steps(50, 5, "en", PERIOD) if isinstance(step.act, Said)]
    )
