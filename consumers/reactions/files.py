"""Files that go along where a message goes to another case: sealed again under that case's keys, as copies."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

import structlog

from consumers.reactions.following import World, proposed
from engine.attached import attached
from engine.incoming import Asked
from engine.store.batch import Recorded
from engine.store.vault.content import NOT_AT_HAND, ContentErased
from schemas.words import Attachment

_log = structlog.get_logger()


def copies(
    reaction: str, to: Recorded, files: Sequence[Attachment], of: UUID, case: UUID, world: World
) -> Iterator[Asked]:
    """Yield what adds the files of a message of the stream ``of`` to ``case``; what was erased is left out.

    A file that is not at hand stays where it is, with an alarm in the log: its message goes without it.
    """
    for file in files:
        try:
            data = world.store.contents.open(file.content_id, of)
        except ContentErased:
            continue
        except NOT_AT_HAND as error:
            _log.error("file_left_behind", file=str(file.content_id), case=str(of), reason=type(error).__name__)
            continue
        name = file.file_name if isinstance(file.file_name, str) else None
        command = attached(data, file.media_type, name)
        asked = proposed(reaction, to, command, world, what=f"file/{file.content_id}")
        yield replace(asked, stream=case, data=data)
