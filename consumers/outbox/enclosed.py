"""The files that a message of ours carries, opened for the mail that takes them along."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from consumers.outbox.mail import Enclosed
from engine.store.vault.content import ContentErased, ContentMissing, Contents
from engine.store.vault.seal import SealBroken
from schemas.words import Attachment

NOT_HERE: Final = (ContentMissing, SealBroken, OSError)
"""Why a file cannot be opened here now: the message waits for it, since it may say that it is enclosed."""


def enclosed(contents: Contents, stream: UUID, attachments: Sequence[Attachment]) -> Iterator[Enclosed]:
    """Yield the files of a message of this stream; one that was erased is left out.

    Raises:
        ContentMissing: it, or its key, is not at hand, or it is another stream's.
        SealBroken: it was changed.
        OSError: the content directory cannot be read.
    """
    for one in attachments:
        try:
            octets = contents.open(one.content_id, stream)
        except ContentErased:
            continue
        name = one.file_name if isinstance(one.file_name, str) else f"{one.content_id}.bin"
        yield Enclosed(name, one.media_type, octets)
