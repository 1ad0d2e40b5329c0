"""A web form of the company's own site: the one channel that can ask for all it wants to know."""

from datetime import datetime
from typing import Literal

from schemas.channels.generic import Structured
from schemas.channels.message import Message
from schemas.input import Instant, Line


class WebFormMessage(Structured):
    """One submitted form. ``form`` names which; ids are unique within system and form."""

    channel: Literal["web_form"]
    form: Line = ""
    submitted_at: Instant | None = None

    def _claimed(self) -> datetime | None:
        return self.submitted_at

    def _scope(self) -> str:
        return f"{self.system}/{self.form}"

    def to_message(self) -> Message:
        return self._message("web_form")
