"""A text: what the provider was asked to tell, kept once for its key."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from cqrs.conversion import converted

Document = dict[str, Any]


class TextIn(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent; further fields are ignored."""

    text: Annotated[str, Meta(min_length=1, max_length=2000)]


class TakenText(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A text that was taken. `id` is its key, `received` how often it came, `app_id` the instance that took it."""

    id: str
    text: str
    taken_at: datetime
    received: int
    app_id: str


def from_document(document: Document) -> TakenText:
    """Return the text of a document. Raises msgspec.ValidationError where it holds none."""
    return converted({**document, "id": document["_id"]}, TakenText)
