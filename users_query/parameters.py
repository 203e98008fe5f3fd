"""What the read side's operations take in the query string."""

from typing import Annotated

import msgspec
from msgspec import Meta

from cqrs.web.consistency import MAX_WAIT_MS
from cqrs.web.cursor import CursorText, Limit

Word = Annotated[str, Meta(min_length=1, max_length=64)]
Address = Annotated[str, Meta(min_length=1, max_length=254, examples=["ada@example.org"])]
Version = Annotated[int, Meta(ge=1, description="Answer with this version or a newer one")]
Patience = Annotated[int, Meta(ge=0, le=MAX_WAIT_MS, description="Milliseconds to wait for that version")]


class ListParameters(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Page and filters of the list; filters are equalities."""

    limit: Limit = 10
    cursor: CursorText | None = None
    seed: Word | None = None
    app_id: Word | None = None
    nat: Word | None = None
    gender: Word | None = None
    email: Address | None = None


class UserParameters(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The least version to answer with, and how long to wait for it; giving either says that the user is expected."""

    min_version: Version | None = None
    wait: Patience | None = None


class EmailParameters(UserParameters, frozen=True, kw_only=True, rename="camel"):
    """The address, and the run to look in."""

    email: Address
    seed: Word | None = None
