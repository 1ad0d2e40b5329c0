"""Hostile octets say what they say, and stop nobody."""

import base64

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.unpacking import said_in

HIS = "ann@example.com"


def finds(octets: bytes) -> bool:
    return any(HIS in text for text in said_in(octets).texts)


PACKED: dict[str, bytes] = {
    "plain": b"x ann@example.com x",
    "not UTF-8": b"\xff\xfeann@example.com\x00",
    "a string of JSON": b'{"a": [{"b": "ann\\u0040example.com"}]}',
    "a key of JSON": b'{"ann\\u0040example.com": 1}',
    "base64 in JSON": b'{"raw": "eCBhbm5AZXhhbXBsZS5jb20geA=="}',
    "base64 in base64": orjson.dumps(base64.b64encode(orjson.dumps(base64.b64encode(HIS.encode()).decode())).decode()),
    "a mail in JSON": orjson.dumps({"raw": "Subject: =?utf-8?Q?ann=40example.com?=\n\nx"}),
    "JSON cut off": b'{"a": "ann\\u0040example.com", "b": "x',
    "base64 in JSON cut off": b'{"raw": "eCBhbm5AZXhhbXBsZS5jb20geA==", "b": "x',
    "JSON nested a thousand deep": b"[" * 1000 + b'"ann\\u0040example.com"' + b"]" * 1000,
    "JSON nested deeper than any parser goes": b"[" * 9000 + b'"ann\\u0040example.com"' + b"]" * 9000,
    "half a character in JSON": b'["\\ud83d ann\\u0040example.com"]',
    "a header": b"Subject: =?utf-8?Q?ann=40example.com?=\n\nx",
    "a header beside one of no known charset": b"Subject: =?x-none?Q?a?= =?utf-8?Q?ann=40example.com?=\n\nx",
    "a header of no known charset": b"Subject: =?x-none?Q?ann=40example.com?=\n\nx",
    "a header beside broken base64": b"Subject: =?utf-8?B?abcde?= =?utf-8?Q?ann=40example.com?=\n\nx",
    "a header of a part": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
    b"Content-Description: =?utf-8?Q?ann=40example.com?=\n\nx\n--b--\n",
    "quoted-printable": b"Content-Transfer-Encoding: quoted-printable\n\nann=40example.com",
    "the charset idna": b"Content-Type: text/plain; charset=idna\n"
    b"Content-Transfer-Encoding: quoted-printable\n\nx..y ann=40example.com",
    "the charset undefined": b"Content-Type: text/plain; charset=undefined\n"
    b"Content-Transfer-Encoding: quoted-printable\n\nann=40example.com",
    "the charset hex": b"Content-Type: text/plain; charset=hex\n"
    b"Content-Transfer-Encoding: quoted-printable\n\nann=40example.com",
    "a charset with NUL": b'Content-Type: text/plain; charset="a\x00b"\n'
    b"Content-Transfer-Encoding: quoted-printable\n\nann=40example.com",
    "a charset in another charset": b"Content-Type: text/plain; charset*=\"a\x00b''utf-8\"\n"
    b"Content-Transfer-Encoding: quoted-printable\n\nann=40example.com",
}


@pytest.mark.parametrize("octets", PACKED.values(), ids=PACKED.keys())
def test_what_octets_say_is_found_however_they_are_packed(octets: bytes) -> None:
    assert finds(octets)
    assert said_in(octets).whole


def test_a_mail_that_no_parser_takes_apart_is_searched_as_it_came_and_told() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000))
    said = said_in(nested + HIS.encode())
    assert finds(nested + HIS.encode())
    assert not said.whole


@given(st.binary(max_size=200), st.sampled_from([b"", *(octets[:60] for octets in PACKED.values())]))
def test_no_octets_raise(octets: bytes, before: bytes) -> None:
    assert said_in(before + octets).texts[0] == (before + octets).decode("utf-8", "replace")


def test_what_was_said_is_told_by_nobody() -> None:
    assert HIS not in repr(said_in(HIS.encode()))
