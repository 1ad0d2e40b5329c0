"""A configuration came into force; its full content is in the log, so that "as judged then" needs no file."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.complaint.base import Event
from schemas.words import IMPERSONAL, Code, Sha256

ConfigurationKind = Literal[
    "policy", "calendar", "code_list", "rule_set", "template", "survey", "roles", "fields", "desk", "figures"
]


class ConfigurationActivated(Event):
    """From this position on this version is in force. Stored open: persons are kept out of configuration."""

    NAME: ClassVar[str] = "configuration.activated.v1"
    kind: ConfigurationKind
    id: Code
    version: Annotated[int, Field(ge=1)]
    digest: Sha256
    """Of the canonical JSON of ``content``."""
    content: Annotated[dict[str, Any], IMPERSONAL]
    applies_to_open: bool = False
