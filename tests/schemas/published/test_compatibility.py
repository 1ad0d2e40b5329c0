"""What counts as a break, on planted changes; and that the words break nothing that was committed or released."""

import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

import schemas
from schemas.published.compatibility import breaks, breaks_of_export, promise_of
from schemas.published.json_schema import documents, render

BASE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "channel": {"enum": ["email", "call"], "type": "string"},
        "size": {"type": "integer", "minimum": 0, "maximum": 10},
        "code": {"type": "string", "pattern": "^[a-z]+$", "maxLength": 9},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "points": {"type": "array", "items": {"$ref": "#/$defs/Point"}, "default": []},
        "public": {"type": "boolean", "default": False},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["channel", "size", "code"],
    "$defs": {
        "Point": {
            "title": "Point",
            "type": "object",
            "properties": {"point": {"type": "integer"}, "sum": {"type": "string"}},
            "required": ["point"],
        }
    },
}
Change = Callable[[dict[str, Any]], Any]
OLD = "not readable by the last version"


@cache
def exported() -> dict[str, Any]:
    return documents()


def changed(change: Change) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(BASE))
    change(copy)
    return copy


def put(place: str, value: Any) -> Change:
    *way, last = place.split("/")

    def change(schema: dict[str, Any]) -> None:
        for step in way:
            schema = schema[step]
        schema[last] = value

    return change


def drop(place: str) -> Change:
    *way, last = place.split("/")

    def change(schema: dict[str, Any]) -> None:
        for step in way:
            schema = schema[step]
        del schema[last]

    return change


NARROWED: list[tuple[Change, str]] = [
    (drop("properties/public"), "public: no longer read"),
    (drop("$defs/Point/properties/sum"), "points[].sum: no longer read"),
    (put("required", ["channel", "size", "code", "note"]), "note: no longer valid: its absence"),
    (put("properties/channel/enum", ["email"]), "channel: no longer valid: 'call'"),
    (put("properties/size/type", "string"), "size: no longer valid: the type integer (it is string)"),
    (put("properties/size/minimum", 1), "size: no longer valid: what only minimum 0 allows (it is 1)"),
    (put("properties/size/maximum", 9), "size: no longer valid: what only maximum 10 allows (it is 9)"),
    (put("properties/size/exclusiveMinimum", -1),
     "size: no longer valid: what only exclusiveMinimum none allows (it is -1)"),
    (put("properties/code/maxLength", 8), "code: no longer valid: what only maxLength 9 allows (it is 8)"),
    (
        put("properties/code/pattern", "^[a-z]*$"),
        "code: no longer valid: what only pattern '^[a-z]+$' allows (it is '^[a-z]*$')",
    ),
    (put("properties/code/enum", ["a"]), "code: no longer valid: what is not on a closed list"),
    (put("properties/code/format", "uuid"), "code: no longer valid: what only format none allows (it is 'uuid')"),
    (put("properties/code/x-new", 1), "code: no longer valid: what only x-new none allows (it is 1)"),
    (put("properties/note", {"type": "string", "default": None}), "note: no longer valid: null"),
    (put("properties/public/default", value=True), "public: its absence meant false and would mean true"),
    (drop("properties/public/default"), "public: its absence meant false and would mean unknown"),
    (put("properties/labels/additionalProperties", {"type": "integer"}),
     "labels{}: no longer valid: the type string (it is integer)"),
    (put("properties/labels/propertyNames", {"pattern": "a"}), "labels{name}: no longer valid: something of any shape"),
    (put("additionalProperties", value=False), "(document): no longer valid: a field of another name"),
    (put("$defs/Point/properties/point/type", "string"),
     "points[].point: no longer valid: the type integer (it is string)"),
    (put("$defs/Point/required", ["point", "sum"]), "points[].sum: no longer valid: its absence"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "told"), NARROWED)
@pytest.mark.parametrize("promise", ["stored", "input"])
def test_what_was_valid_and_is_no_longer_is_a_break_for_both(
    change: Change, told: str, promise: Literal["stored", "input"]
) -> None:
    assert [text for text in breaks(BASE, changed(change), promise) if OLD not in text] == [told]


WIDENED: list[tuple[Change, str]] = [
    (put("properties/channel/enum", ["email", "call", "fax"]), f"channel: {OLD}: 'fax'"),
    (drop("properties/channel/enum"), f"channel: {OLD}: what is not on a closed list"),
    (put("properties/size/type", "number"), f"size: {OLD}: the type number (it is integer)"),
    (put("properties/size/maximum", 11), f"size: {OLD}: what only maximum 11 allows (it is 10)"),
    (drop("properties/size/minimum"), f"size: {OLD}: what only minimum none allows (it is 0)"),
    (drop("properties/code/pattern"), f"code: {OLD}: what only pattern none allows (it is '^[a-z]+$')"),
    (put("required", ["channel", "size"]), f"code: {OLD}: its absence"),
    (
        put("properties/note/anyOf", [{"type": "string"}, {"type": "integer"}, {"type": "null"}]),
        f"note: {OLD}: integer",
    ),
    (
        put("properties/code", {"anyOf": [BASE["properties"]["code"], {"$ref": "#/$defs/Point"}]}),
        f"code: {OLD}: Point",
    ),
]


@pytest.mark.parametrize(("change", "told"), WIDENED)
def test_what_grows_breaks_replicas_that_read_stored_rows_and_no_sender(change: Change, told: str) -> None:
    assert breaks(BASE, changed(change), "stored") == [told]
    assert breaks(BASE, changed(change), "input") == []


@pytest.mark.parametrize("promise", ["stored", "input"])
@pytest.mark.parametrize(
    "change",
    [
        lambda _: None,
        put("properties/severity", {"enum": ["low"], "type": "string", "default": "low"}),
        put("$defs/Point/properties/serial", {"type": "string"}),
        put("properties/note/x-plaint-personal", value=True),
        put("description", "other words"),
        put("title", "another name"),
        lambda schema: schema["properties"]["channel"]["enum"].reverse(),
        lambda schema: schema.update(properties=dict(reversed(schema["properties"].items()))),
    ],
)
def test_an_optional_field_other_words_and_another_order_break_nothing(
    change: Change, promise: Literal["stored", "input"]
) -> None:
    assert breaks(BASE, changed(change), promise) == []


def test_a_closed_shape_may_gain_a_field_for_senders_only() -> None:
    old = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    new = {**old, "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}

    assert breaks(old, new, "input") == []
    assert breaks(old, new, "stored") == [f"b: {OLD}: anything"]
    assert breaks(new, old, "input") == ["b: no longer valid: anything"]


def test_a_part_that_contains_itself_is_compared_to_its_end() -> None:
    old = {
        "$ref": "#/$defs/Node",
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {
                    "inner": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
                    "n": {"type": "integer"},
                },
            }
        },
    }
    new = json.loads(json.dumps(old).replace("integer", "boolean"))

    assert breaks(old, old, "stored") == []
    assert breaks(old, new, "input") == ["n: no longer valid: the type integer (it is boolean)"]


def test_a_field_that_becomes_personal_needs_a_new_version() -> None:
    schema = exported()["events/complaint.closed.v1.json"]
    withheld = exported()["events/complaint.received.v1.json"]["$defs"]["Withheld"]
    personal = json.loads(json.dumps(schema))
    personal["properties"]["reason"] = {"anyOf": [schema["properties"]["reason"], {"$ref": "#/$defs/Withheld"}]}
    personal["$defs"] = {"Withheld": withheld}

    assert breaks(schema, personal, "stored") == [f"reason: {OLD}: Withheld"]
    assert breaks(personal, schema, "stored") == ["reason: no longer valid: Withheld"]


def test_a_document_that_is_gone_is_a_break_and_a_new_one_is_none() -> None:
    assert breaks_of_export({"events/a.b.v1.json": BASE}, {"events/a.b.v2.json": BASE}) == [
        "events/a.b.v1.json: is gone; what has been published stays"
    ]


def test_a_break_names_its_document_and_is_judged_by_the_promise_of_its_place() -> None:
    more = changed(put("properties/channel/enum", ["email", "call", "fax"]))
    old = {"events/a.b.v1.json": BASE, "commands/a.b.json": BASE}

    assert breaks_of_export(old, dict.fromkeys(old, more)) == [f"events/a.b.v1.json: channel: {OLD}: 'fax'"]


def test_what_is_stored_or_read_by_others_is_promised_both_ways() -> None:
    promised = {path for path in exported() if promise_of(path) == "stored"}

    assert promised == {p for p in exported() if p.startswith(("events/", "published/"))} | {
        "envelope.json",
        "cloudevent.json",
    }


class Open(BaseModel):
    model_config = ConfigDict(extra="ignore")
    a: int


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int


class Wider(BaseModel):
    model_config = ConfigDict(extra="forbid")
    a: int | None = None
    b: Literal["x"] = "x"


SHAPES: list[Any] = [
    str, int, float, bool, UUID, date, datetime, None, Any, Open, Closed, Wider,
    Literal["a"], Literal["a", "b"], Literal[1, "a"],
    int | None, str | int, Literal["a", "b"] | None, str | None, Open | None, Open | Wider, Closed | Wider,
    Annotated[str, Field(min_length=1)], Annotated[str, Field(max_length=1)], Annotated[str, Field(pattern="^[a-z]$")],
    Annotated[int, Field(ge=0)], Annotated[int, Field(gt=0)], Annotated[int, Field(le=1)],
    Annotated[float, Field(lt=1)],
    list[str], list[int], list[str | None], Annotated[list[str], Field(min_length=1)],
    Annotated[list[str], Field(max_length=1)], list[Open], list[Closed],
    dict[str, int], dict[str, Any], dict[Literal["a"], int], dict[str, Open],
]  # fmt: skip
VALUES: list[Any] = [
    "", "a", "b", "ab", "x", "2026-01-01", "2026-01-01T00:00:00Z", "6f1e4c1c-6c0a-4c3e-9a55-0f4cf1f2a001",
    0, 1, -1, 2, 0.5, 1.5, True, False, None, [], ["a"], ["a", "b"], [None], [1], [True],
    [{"a": 1}], [{"a": 1, "z": 1}],
    {}, {"a": 1}, {"a": None}, {"a": "a"}, {"a": 1, "b": "x"}, {"a": 1, "b": 2}, {"b": "x"}, {"z": 1}, {"a": {"a": 1}},
]  # fmt: skip


def takes(shape: TypeAdapter[Any], value: Any) -> bool:
    try:
        shape.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    return True


def test_no_shape_refuses_what_another_took_without_a_break_being_told() -> None:
    adapters = [TypeAdapter(create_model("Holder", field=(shape, ...))) for shape in SHAPES]
    described = [adapter.json_schema() for adapter in adapters]
    taken = [[takes(adapter, {"field": value}) for value in VALUES] for adapter in adapters]

    missed = [
        (SHAPES[old], SHAPES[new], value)
        for old, new in product(range(len(SHAPES)), repeat=2)
        if not breaks(described[old], described[new], "input")
        for value, before, after in zip(VALUES, taken[old], taken[new], strict=True)
        if before and not after
    ]

    assert missed == []


def test_nothing_breaks_between_a_document_and_itself() -> None:
    assert breaks_of_export(exported(), exported()) == []


# ------------------------------------------------------------------------------------------- against what git knows
CHECKOUT = Path(schemas.__file__).parent.parent


def git(*words: str, where: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(where), *words], capture_output=True, check=False)


def published(revision: str, checkout: Path) -> dict[str, Any]:
    """The exported schemas of a revision; empty if it has none."""
    archive = git("archive", "--format=tar", revision, "schemas/json", where=checkout)
    if archive.returncode:
        return {}
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        return {
            member.name.removeprefix("schemas/json/"): json.loads(found.read())
            for member in tar.getmembers()
            if member.isfile() and (found := tar.extractfile(member)) is not None
        }


def last_release(checkout: Path) -> str | None:
    found = git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", where=checkout)
    return found.stdout.decode().strip() if found.returncode == 0 else None


def breaks_since(revision: str, checkout: Path, now: dict[str, Any]) -> list[str]:
    return breaks_of_export(published(revision, checkout), now)


@pytest.fixture
def checkout() -> Path:
    try:
        top = git("rev-parse", "--show-toplevel", where=CHECKOUT)
    except FileNotFoundError:
        pytest.skip("there is no git here")
    if top.returncode or Path(top.stdout.decode().strip()).resolve() != CHECKOUT.resolve():
        pytest.skip("the rooms are installed here, not checked out: nothing was committed to compare with")
    return CHECKOUT


def test_the_words_break_nothing_that_the_last_commit_holds(checkout: Path) -> None:
    if not published("HEAD", checkout):
        pytest.skip("the last commit has no schemas")

    assert breaks_since("HEAD", checkout, exported()) == []


def test_the_words_break_nothing_that_was_released(checkout: Path) -> None:
    release = last_release(checkout)
    if release is None:
        pytest.skip("nothing was released yet (no tag v*), or this is a clone without tags")

    assert breaks_since(release, checkout, exported()) == []


def test_a_change_that_breaks_the_last_commit_is_told_from_git_itself(tmp_path: Path) -> None:
    try:
        git("init", "-q", where=tmp_path)
    except FileNotFoundError:
        pytest.skip("there is no git here")
    for path, octets in render().items():
        (tmp_path / "schemas/json" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "schemas/json" / path).write_bytes(octets)
    someone = ("-c", "user.name=someone", "-c", "user.email=someone@example.org", "-c", "commit.gpgsign=false")
    for words in (("add", "."), (*someone, "commit", "-q", "-m", "the words"), ("tag", "v0.0.1")):
        assert git(*words, where=tmp_path).returncode == 0

    planted = json.loads(json.dumps(exported()))
    del planted["events/complaint.closed.v1.json"]["properties"]["cycle"]
    planted["commands/complaint.close.json"]["required"] = ["reason"]
    del planted["channels/call.json"]

    assert last_release(tmp_path) == "v0.0.1"
    assert published("HEAD", tmp_path) == exported()
    assert breaks_since("HEAD", tmp_path, exported()) == []
    assert breaks_since("v0.0.1", tmp_path, planted) == [
        "channels/call.json: is gone; what has been published stays",
        "commands/complaint.close.json: reason: no longer valid: its absence",
        "events/complaint.closed.v1.json: cycle: no longer read",
    ]
