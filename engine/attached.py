"""The command that adds a file to a case, of its octets."""

from hashlib import sha256
from typing import Final
from uuid import UUID

from schemas.channels.media_types import media_type
from schemas.complaint.correspondence import AddAttachment
from schemas.words import Attachment

_NOWHERE: Final = UUID(int=0)


def attached(data: bytes, kind: str | None, name: str | None) -> AddAttachment:
    """Return the command that adds a file; where it lies, and the hash of what lies there, the store says.

    It goes with the octets themselves, as ``Asked.data``.
    """
    digest = sha256(data).hexdigest()
    file = Attachment(
        content_id=_NOWHERE, media_type=media_type(kind), size=len(data), sha256=digest, file_name=name or None
    )
    return AddAttachment(attachment=file)
