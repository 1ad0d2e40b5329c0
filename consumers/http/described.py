"""The description of the HTTP door (OpenAPI 3.1) as a file, made of the routes themselves, without an installation."""

from typing import Any, Final, cast

import orjson

from consumers.http import app
from consumers.http.platform import Platform

FILE: Final = "openapi.json"
_FORM: Final = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class _Absent:
    """Stands for whatever an installation would lend; no route is ever asked here."""

    def __getattr__(self, _: str) -> Any:
        return self

    def __call__(self, *_: Any) -> Any:
        return self


def document() -> dict[str, Any]:
    """Return the description, as ``/openapi.json`` of any installation of this program gives it."""
    absent = cast("Any", _Absent())
    options = app.Options(platform=Platform(absent))
    built = app.build(absent, absent, absent, clock=absent, new_id=absent, person_of=absent, options=options)
    return built.openapi()


def render() -> dict[str, bytes]:
    """Return the file by its name, the same octets every time."""
    return {FILE: orjson.dumps(document(), option=_FORM)}
