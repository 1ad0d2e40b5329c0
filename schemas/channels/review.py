"""An entry of a review site: public, scored, often edited after the answer."""

from dataclasses import replace
from datetime import date, datetime
from typing import Literal

from schemas.channels.generic import Structured
from schemas.channels.message import Author, Contact, Message, foreign_id
from schemas.input import Id, Line, When


class ReviewMessage(Structured):
    """A review, or with ``comment_id`` a later comment below it. An edit is a message of its own."""

    channel: Literal["review"]
    site: Id
    review_id: Id
    comment_id: Id | None = None
    author_name: Line = ""
    author_id: Id | None = None
    url: Line = ""
    posted_at: When | None = None
    edited_at: When | None = None
    public: bool = True

    def _claimed(self) -> datetime | date | None:
        return self.edited_at or self.posted_at

    def _scope(self) -> str:
        return self.site

    def _source_id(self) -> str:
        return foreign_id(self.site, self.review_id, self.comment_id or "")

    def _thread(self) -> str:
        return foreign_id(self.site, self.review_id)

    def to_message(self) -> Message:
        edit = self.edited_at.isoformat() if self.edited_at else self.revision
        return replace(self._message("review"), revision=edit, author=self._reviewer())

    def _reviewer(self) -> Author:
        """Return who wrote it as the site knows him; contacts stated otherwise stay."""
        known = (Contact(kind="username", value=f"{self.site}:{self.author_id}"),) if self.author_id else ()
        return replace(self.author, name=self.author.name or self.author_name, contacts=(*known, *self.author.contacts))
