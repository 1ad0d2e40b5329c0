"""A mapping that would import nonsense is refused before it reads a row, with the line and the fix."""

import pytest

from schemas.configuration.document import ConfigurationRefused
from schemas.configuration.mapping import load_mapping

GOOD = """\
mapping: shop
version: 1
source:
  kind: csv
  key: shop
  id: Number
  columns: [Number, Day, Text, Way]
times:
  default: {column: Day, precision: day, zone: Europe/Berlin}
tables:
  channel: {Web: web_form, Phone: call}
people:
  complainant: {role: complainant}
subject: complainant
events:
  - event: complaint.received
    fields:
      channel: {column: Way, table: channel}
      message: {id: message}
      body: {column: Text, as: text}
"""


def refused(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationRefused) as told:
        load_mapping(text, "shop.yaml")
    assert str(told.value).startswith("shop.yaml: ")
    return told.value.problems


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_good_mapping_is_taken() -> None:
    assert load_mapping(GOOD, "shop.yaml").source.id == "Number"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "    fields:\n",
            "    filds: {}\n    fields:\n",
            "line 17: events.0.filds: unknown key; did you mean 'fields'?",
        ),
        (
            "complaint.received",
            "complaint.recieved",
            (
                "line 16: events.0.event: 'complaint.recieved' is not in the catalogue of events;"
                " did you mean 'complaint.received'?"
            ),
        ),
        (
            "      body:",
            "      boddy:",
            "line 20: events.0.fields.boddy: complaint.received has no field 'boddy'; did you mean 'body'?",
        ),
        (
            "{column: Text, as: text}",
            "{column: Txt, as: text}",
            "line 20: events.0.fields.body.column: 'Txt' is not in source.columns; did you mean 'Text'?",
        ),
        (
            "  id: Number\n",
            "  id: Nummer\n",
            "line 6: source.id: 'Nummer' is not in source.columns; did you mean 'Number'?",
        ),
        (
            "table: channel}",
            "table: chanel}",
            "line 18: events.0.fields.channel.table: 'chanel' is not in tables; did you mean 'channel'?",
        ),
        (
            "Europe/Berlin",
            "Europe/Berlln",
            "line 9: times.default.zone: unknown time zone 'Europe/Berlln'; name one of the IANA list: Europe/Berlin",
        ),
        (
            "zone: Europe/Berlin",
            "format: '%Y'",
            "line 9: times.default: precision 'day' needs the 'zone' in which that day begins and ends",
        ),
        (
            "      message: {id: message}\n",
            "",
            "line 17: events.0.fields: complaint.received needs the field 'message'",
        ),
        (
            "subject: complainant\n",
            "subject: customer\n",
            "line 14: subject: 'customer' is not in people; add it there",
        ),
        (
            "{id: message}",
            "{latest: message}",
            "line 19: events.0.fields.message: no rule makes an id as `new: message`",
        ),
    ],
    ids=[
        "unknown_key", "unknown_event", "unknown_field", "column", "id_column", "table", "zone", "day_without_zone",
        "missing_field", "person", "label",
    ],
)  # fmt: skip
def test_an_error_names_its_line_and_its_fix(old: str, new: str, problem: str) -> None:
    assert refused(changed(old, new)) == (problem,)


def test_free_text_does_not_get_into_a_coded_field() -> None:
    text = GOOD + "      location: {column: Text, as: text}\n"
    (problem,) = refused(text)
    assert problem.startswith(
        "line 21: events.0.fields.location: this field takes no text; text goes into personal fields, 'as: code' into"
    )


def test_a_value_of_a_table_that_the_field_does_not_take_is_refused_where_it_stands() -> None:
    (problem,) = refused(changed("Phone: call", "Phone: telephone"))
    assert problem.startswith(
        "line 11: tables.channel.Phone: 'telephone' does not fit channel (Input should be 'email'"
    )


def test_a_constant_that_the_field_does_not_take_is_refused() -> None:
    (problem,) = refused(changed("{column: Way, table: channel}", "pigeon"))
    assert problem.startswith("line 18: events.0.fields.channel: 'pigeon' is not allowed here")


def test_what_yaml_takes_for_a_truth_value_is_to_be_quoted() -> None:
    problems = refused(changed("Web: web_form", "No: web_form"))
    told = "line 11: tables.channel: is no text; put it in quotes"
    assert problems == (f"{told} (YAML takes Yes, No, On, Off, numbers and dates for something else)",)


def test_every_misfit_is_told_at_once() -> None:
    text = changed("{column: Text, as: text}", "{column: Txt, as: text}").replace("table: channel}", "table: chanel}")
    assert [problem.split(":")[0] for problem in refused(text)] == ["line 18", "line 20"]


def test_the_first_rule_begins_the_complaint() -> None:
    rule = "  - event: complaint.investigation_started\n"
    (problem,) = refused(changed("  - event: complaint.received\n", rule + "  - event: complaint.received\n"))
    assert problem.startswith("line 16: events.0: the first rule must make complaint.received")


def test_a_key_that_stands_twice_and_what_is_no_yaml_are_refused_with_their_line() -> None:
    assert refused(GOOD + "subject: complainant\n") == ("line 21: key 'subject' stands twice; remove one",)
    assert refused("mapping: [")[0].startswith("line 1")
