"""The files that a message of ours carries, opened for the mail that takes them along."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from consumers.outbox.mail import Enclosed
from engine.store.vault.content import ContentErased, Contents
from schemas.words import Attachment


def enclosed(contents: Contents, stream: UUID, attachments: Sequence[Attachment]) -> Iterator[Enclosed]:
    """Yield the files of a message of this stream; one that was erased is left out.

    Raises:
        ContentMissing, SealBroken, OSError: ``NOT_AT_HAND``; the message waits, since it may say what is enclosed.
    """
    for one in attachments:
        try:
            octets = contents.open(one.content_id, stream)
        except ContentErased:
            continue
        name = one.file_name if isinstance(one.file_name, str) else f"{one.content_id}.bin"
        yield Enclosed(name, one.media_type, octets)
