"""Is this configuration admissible, and the event by which it comes into force."""

import hashlib
import json
from typing import Any

from schemas.complaint.base import Event
from schemas.configuration.activated import ConfigurationActivated, ConfigurationKind
from schemas.configuration.calendar import Calendar
from schemas.configuration.code_list import CodeList
from schemas.configuration.desk import Desk
from schemas.configuration.figures import Figures
from schemas.configuration.policy import Policy

Configuration = Calendar | Policy | Desk | CodeList | Figures
_KINDS: dict[type[Configuration], ConfigurationKind] = {
    Calendar: "calendar",
    Policy: "policy",
    Desk: "desk",
    CodeList: "code_list",
    Figures: "figures",
}


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of ``content``, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def activation(configuration: Configuration) -> Event:
    """Return the event that brings ``configuration`` into force, with its full content."""
    content = configuration.model_dump(mode="json", by_alias=True)
    return ConfigurationActivated(
        kind=_KINDS[type(configuration)],
        id=configuration.id,
        version=configuration.version,
        digest=digest(content),
        content=content,
    )
