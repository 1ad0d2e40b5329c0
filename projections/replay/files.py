"""Which files a case holds: those of its messages and replies, those added by hand, and messages kept whole.

The log names them, the content store has their octets. Only who may see texts opens one, and that is noted.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from engine.store.batch import Recorded
from projections.answers import Answer, Moment
from projections.replay.as_of import NoSuchCase
from projections.replay.folding import kind_of
from schemas.channels.media_types import OCTETS
from schemas.words import Attachment

OctetsOf = Callable[[UUID, UUID], bytes]
"""Opens a file of a case by the ids of both; raises ``FileErased`` or ``FileAway``."""
_MAIL: Final = "message/rfc822"
_JSON: Final = "application/json"


class CaseFile(Answer):
    """One file. ``kind``: an attachment, or a message kept whole as it came, whose type and size only opening tells.

    ``file_name`` is a text: null where texts are not asked for, or are erased. ``sha256`` is of what is stored,
    which is encrypted, so that it can be proved after the key is gone.
    """

    id: UUID
    kind: Literal["attachment", "message"]
    message: UUID | None
    version: int
    recorded_at: Moment
    actor: str
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    file_name: str | None = None


class CaseFiles(Answer):
    """The files of a case, in the order in which they came."""

    case: UUID
    files: tuple[CaseFile, ...]


class NoSuchFile(LookupError):
    """The case holds no file of this id."""

    def __init__(self) -> None:
        super().__init__("the case holds no file of this id; its files are listed under /files")


class FileErased(LookupError):
    """The file was a person's who was erased: its key is destroyed, and nothing brings it back."""

    def __init__(self) -> None:
        super().__init__("this file was erased with the person whose it was")


class FileAway(LookupError):
    """The file is known and cannot be opened here now: it, or its key, is not at hand, or it was changed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"this file cannot be opened here: {why}")


def files(case: UUID, history: Sequence[Recorded]) -> CaseFiles:
    """Return the files that a history names; their names as far as it is opened.

    Raises:
        NoSuchCase: it is no case's.
    """
    if not history or kind_of(history[0]) is None:
        raise NoSuchCase(case)
    return CaseFiles(case=case, files=tuple(file for recorded in history for file in _named(recorded)))


def _named(recorded: Recorded) -> Iterator[CaseFile]:
    event: Any = recorded.event
    came: dict[str, Any] = {
        "message": getattr(event, "message", None),
        "version": recorded.version,
        "recorded_at": recorded.recorded_at,
        "actor": recorded.envelope.actor,
    }
    raw = getattr(event, "raw", None)
    if isinstance(raw, UUID):
        yield CaseFile(id=raw, kind="message", **came)
    alone = getattr(event, "attachment", None)
    for one in (*getattr(event, "attachments", ()), *((alone,) if isinstance(alone, Attachment) else ())):
        name = one.file_name if isinstance(one.file_name, str) else None
        stored = {"media_type": one.media_type, "size": one.size, "sha256": one.sha256}
        yield CaseFile(id=one.content_id, kind="attachment", file_name=name, **stored, **came)


def find(found: CaseFiles, id: UUID) -> CaseFile:
    """Return one of the files.

    Raises:
        NoSuchFile: it is none of them.
    """
    wanted = next((one for one in found.files if one.id == id), None)
    if wanted is None:
        raise NoSuchFile
    return wanted


def media_type_of(file: CaseFile, octets: bytes) -> str:
    """Return what a file is: a message kept whole is a raw e-mail, or the JSON of any other channel."""
    if file.kind == "attachment":
        return file.media_type or OCTETS
    return _JSON if octets.lstrip()[:1] == b"{" else _MAIL


def name_of(file: CaseFile, media_type: str) -> str:
    """Return under which name to save a file."""
    ending = {_MAIL: "eml", _JSON: "json"}.get(media_type, "bin") if file.kind == "message" else "bin"
    return file.file_name or f"{file.id}.{ending}"
