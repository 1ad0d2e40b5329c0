"""A post, comment or direct message of a social network."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from schemas.channels.generic import Structured
from schemas.channels.message import Author, Contact, Message, foreign_id
from schemas.input import Id, Instant, Line


class SocialMessage(Structured):
    """A post of ``network``. ``parent_id`` is what it answers, ``root_id`` the post on top of the thread.

    Public unless ``public`` is false (a direct message; then ``thread`` names the dialogue).
    """

    channel: Literal["social"]
    network: Id
    post_id: Id
    parent_id: Id | None = None
    root_id: Id | None = None
    author_handle: Line = ""
    author_id: Id | None = None
    url: Line = ""
    posted_at: Instant | None = None
    edited_at: Instant | None = None
    public: bool = True

    def _claimed(self) -> datetime | None:
        return self.edited_at or self.posted_at

    def _scope(self) -> str:
        return self.network

    def _source_id(self) -> str:
        return foreign_id(self.network, self.post_id)

    def _answers(self) -> str | None:
        return self._foreign(self.parent_id or self.in_reply_to)

    def _thread(self) -> str:
        return foreign_id(self.network, self.thread or self.root_id or self.parent_id or self.post_id)

    def to_message(self) -> Message:
        edit = self.edited_at.isoformat() if self.edited_at else self.revision
        return replace(self._message("social"), revision=edit, author=self._poster())

    def _poster(self) -> Author:
        """Return who posted: the network's stable id first, then the handle, which can change hands."""
        names = [name for name in (self.author_id, self.author_handle.removeprefix("@")) if name]
        known = tuple(Contact(kind="username", value=f"{self.network}:{name}") for name in names)
        return replace(
            self.author, name=self.author.name or self.author_handle, contacts=(*known, *self.author.contacts)
        )
