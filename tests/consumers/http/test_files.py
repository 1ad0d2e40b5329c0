"""Files of a case over HTTP: what came is fetched as it came, what people add is kept, and each reading is noted."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from consumers.http.files import file_name
from consumers.wiring import build, clock, views
from consumers.wiring.build import Installation
from consumers.wiring.settings import from_environment
from engine.erased import Erased
from engine.incoming import Circumstances, Sender
from engine.store.vault import content
from schemas.envelope import RequestSource
from schemas.streams.subject import SubjectErased
from support.entrance import Entrance, entrance
from support.web import Web, web

PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
LARGE = bytes(range(256)) * 1_200  # above what a row holds
MAIL = (
    b"From: ann@example.com\r\nMessage-ID: <files@example.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n'
    b"The kettle is broken, I want a refund!\r\n--b\r\n"
    b"Content-Type: image/png\r\nContent-Disposition: attachment; filename*=UTF-8''%D1%87%D0%B5%D0%BA.png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(PHOTO) + b"\r\n--b--\r\n"
)


@dataclass(frozen=True)
class Office:
    here: Installation
    web: Web

    def opened(self, id: str, **more: Any) -> str:
        body = {"channel": "chat", "system": "s", "id": id, "text": "The kettle is broken, I want a refund!", **more}
        stream: str = self.web.post("/v1/messages", json=body).json()["stream"]
        return stream

    def add(self, stream: str | UUID, octets: bytes, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.web.post(f"/v1/complaints/{stream}/files", content=octets, headers=named)

    def files(self, stream: str, *, texts: bool = True) -> list[dict[str, Any]]:
        answer = self.web.get(f"/v1/cases/{stream}/files", params={"texts": texts})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["files"]
        return found

    def fetch(self, stream: str, file: str | UUID) -> Response:
        return self.web.get(f"/v1/cases/{stream}/files/{file}")

    def noted(self, stream: str) -> list[str]:
        return [one.access.what for one in self.here.store.access_log.of_stream(UUID(stream))]


@pytest.fixture(scope="module")
def office(settings: dict[str, str]) -> Iterator[Office]:
    with build.opened(from_environment(settings)) as here, web(here) as asked:
        views.runner(here).catch_up()
        yield Office(here, asked)


def test_a_mail_and_its_attachment_are_fetched_as_they_came(office: Office) -> None:
    stream = office.web.post("/v1/messages", content=MAIL, headers={"Content-Type": "message/rfc822"}).json()["stream"]
    whole, photo = office.files(stream)
    assert (whole["kind"], whole["file_name"], whole["size"]) == ("message", None, None)
    assert (photo["kind"], photo["file_name"], photo["size"], photo["media_type"]) == (
        "attachment", "чек.png", len(PHOTO), "image/png",
    )  # fmt: skip
    assert photo["message"] == whole["message"]
    fetched = office.fetch(stream, photo["id"])
    assert (fetched.status_code, fetched.content, fetched.headers["content-type"]) == (200, PHOTO, "image/png")
    assert fetched.headers["content-disposition"] == (
        "attachment; filename=\"___.png\"; filename*=UTF-8''%D1%87%D0%B5%D0%BA.png"
    )
    assert (fetched.headers["cache-control"], fetched.headers["x-content-type-options"]) == ("no-store", "nosniff")
    mail = office.fetch(stream, whole["id"])
    assert (mail.content, mail.headers["content-type"]) == (MAIL, "message/rfc822")
    assert mail.headers["content-disposition"].startswith(f'attachment; filename="{whole["id"]}.eml"')
    assert office.noted(stream).count("case") == 3  # the list with names, and two files


def test_names_are_texts_and_the_list_without_them_opens_nothing(office: Office) -> None:
    attachments = [{"filename": "ann.png", "media_type": "image/png", "content": base64.b64encode(PHOTO).decode()}]
    stream = office.opened("listed", attachments=attachments)
    (photo,) = office.files(stream, texts=False)
    assert (photo["file_name"], photo["media_type"], photo["actor"]) == (None, "image/png", "service:http")
    assert office.noted(stream) == []
    assert office.files(stream)[0]["file_name"] == "ann.png"


@pytest.mark.parametrize("octets", [PHOTO, LARGE], ids=["in a row", "in the content directory"])
def test_a_file_that_somebody_adds_is_kept_once_and_fetched(office: Office, octets: bytes) -> None:
    stream = office.opened(f"added-{len(octets)}")
    headers = {
        "Content_Type": "application/pdf", "Content_Disposition": 'attachment; filename="invoice.pdf"',
        "Idempotency_Key": f"add-{len(octets)}", "Plaint_Person": "ann",
    }  # fmt: skip
    first, again = office.add(stream, octets, **headers), office.add(stream, octets, **headers)
    assert (first.status_code, first.json()["version"]) == (200, 4), first.text
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    (file,) = office.files(stream)
    assert (file["id"], file["file_name"], file["media_type"], file["size"], file["version"]) == (
        first.json()["file"], "invoice.pdf", "application/pdf", len(octets), 4,
    )  # fmt: skip
    assert file["actor"] == office.here.person_of("ann")
    assert office.fetch(stream, file["id"]).content == octets
    other = office.add(stream, b"other", **headers)
    assert (other.status_code, other.json()["code"]) == (422, "command_reused")


def test_what_is_refused_stores_no_file(office: Office) -> None:
    def stored() -> Any:
        with office.here.pool.connection() as connection:
            return connection.execute("SELECT count(*) FROM plaint.contents").fetchone()

    stream, before = office.opened("refused"), stored()
    for answer, status, code in (
        (office.add(clock.new_id(), PHOTO), 404, "unknown_complaint"),
        (office.add(stream, PHOTO, If_Match='"1"'), 412, "stale_version"),
        (office.add(stream, PHOTO, If_Match="first"), 400, "if_match"),
        (office.add(stream, b""), 422, "invalid"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert stored() == before


def test_a_file_of_another_case_or_of_none_is_not_there(office: Office) -> None:
    stream, other = office.opened("own"), office.opened("others")
    file = office.add(stream, PHOTO).json()["file"]
    for answer in (office.fetch(other, file), office.fetch(stream, UUID(int=0))):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_file")
    for path in (f"/v1/cases/{UUID(int=0)}/files", f"/v1/cases/{UUID(int=0)}/files/{file}"):
        assert office.web.get(path).json()["code"] == "no_such_case"


def test_a_case_is_named_by_its_number_too(office: Office) -> None:
    stream = office.opened("by-number")
    file = office.add(stream, PHOTO).json()["file"]
    views.runner(office.here).catch_up()
    number = office.web.get(f"/v1/cases/{stream}").json()["state"]["registration"]["number"]
    assert office.fetch(number, file).content == PHOTO
    for language, word in (("en", "save"), ("ru", "сохранить")):
        page = office.web.get(f"/cases/{number}", params={"language": language}).text
        assert f'<a href="/v1/cases/{number}/files/{file}">{word}</a>' in page


def test_who_is_erased_takes_his_files_along_and_what_a_desk_adds_later_is_the_cases(office: Office) -> None:
    mail = MAIL.replace(b"ann@", b"ann.files@").replace(b"<files@", b"<erased@")
    stream = office.web.post("/v1/messages", content=mail, headers={"Content-Type": "message/rfc822"}).json()["stream"]
    file = office.add(stream, PHOTO).json()["file"]
    subject = office.here.service.erasing.subject_of("email", "ann.files@example.com")
    assert subject is not None
    around = Circumstances(Sender("test", "person:officer", "local"), RequestSource(request=UUID(int=1)), clock.now())
    assert isinstance(office.here.service.erase(subject, "request", UUID(int=9), around, clock.now()), Erased)
    for one in office.files(stream):
        gone = office.fetch(stream, one["id"])
        assert (gone.status_code, gone.json()["code"], one["file_name"]) == (410, "file_erased", None)
    assert file in {one["id"] for one in office.files(stream)}
    later = office.add(stream, b"written after").json()["file"]
    assert office.fetch(stream, later).content == b"written after"
    assert isinstance(office.here.store.read.stream(subject)[0].event, SubjectErased)


def test_a_file_that_is_not_at_hand_is_told_as_such(office: Office) -> None:
    stream = office.opened("away")
    file = office.add(stream, LARGE).json()["file"]
    assert office.here.store.contents.discard([UUID(file)]) == 1
    away = office.fetch(stream, file)
    assert (away.status_code, away.json()["code"]) == (503, "file_away")
    assert "its file is not in the content store" in away.json()["detail"]


def test_a_content_store_that_cannot_be_read_is_told_without_its_place(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = office.opened("unreadable")
    file = office.add(stream, LARGE).json()["file"]
    path = content.box_path

    def through_a_file(directory: Path, content_id: UUID, key_id: bytes) -> Path:
        return path(directory, content_id, key_id) / "below"  # a file is no directory

    monkeypatch.setattr(content, "box_path", through_a_file)
    away = office.fetch(stream, file)
    assert (away.status_code, away.json()["code"]) == (503, "file_away")
    assert away.json()["detail"] == "this file cannot be opened here: the content store cannot be read"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (None, None),
        ("attachment", None),
        ('attachment; filename="a b.png"', "a b.png"),
        ("attachment; filename*=UTF-8''%D1%87%D0%B5%D0%BA.png", "чек.png"),
        ('attachment; filename="чек.png"'.encode().decode("latin-1"), "чек.png"),
        ('attachment; filename="caf\xe9.png"', "café.png"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\Users\\\\ann\\\\x.doc"', "x.doc"),
        ("attachment; filename*=UTF-8''a%00b%0d%0a.png", "ab.png"),
        ("attachment; filename=" + "a" * 400, "a" * 255),
        ("inline", None),
    ],
)
def test_a_name_is_the_last_part_of_what_is_sent(disposition: str | None, name: str | None) -> None:
    assert file_name(disposition) == name


# --- who may -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def door(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    with entrance(settings, tmp_path_factory.mktemp("files"), PLAINT_TOKEN_UNITS_CLAIM="units") as lent:
        yield lent


def test_a_file_is_text_of_a_unit_and_adding_one_is_handling(door: Entrance) -> None:
    body = {"channel": "chat", "system": "s", "id": "may", "text": "The kettle is broken, I want a refund!"}
    stream = door.ask("POST", "/v1/messages", door.as_program(), json=body).json()["stream"]
    path = f"/v1/complaints/{stream}/files"

    def who(role: str, unit: str = "main") -> dict[str, str]:
        return door.as_person("ann", role, units=[unit])

    assert door.ask("POST", path, who("handler", "west"), content=PHOTO).json()["code"] == "right_missing"
    assert door.ask("POST", path, who("analyst"), content=PHOTO).json()["code"] == "right_missing"
    file = door.ask("POST", path, who("handler"), content=PHOTO).json()["file"]
    fetched = f"/v1/cases/{stream}/files/{file}"
    for role, unit, status in (
        ("handler", "main", 200), ("auditor", "main", 200), ("handler", "west", 403), ("analyst", "main", 403),
    ):  # fmt: skip
        assert door.ask("GET", fetched, who(role, unit)).status_code == status, (role, unit)
    assert door.ask("GET", f"/v1/cases/{stream}/files", who("analyst")).json()["files"][0]["file_name"] is None
    assert door.ask("GET", f"/v1/cases/{stream}/files", who("handler", "west")).status_code == 403
