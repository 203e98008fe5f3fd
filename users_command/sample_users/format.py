"""The shape of an answer, as randomuser.me v1.4 documents it; people themselves are plain JSON objects."""

from typing import Any, Final

import msgspec

VERSION: Final = "1.4"


class SampleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What gives the same people again."""

    seed: str
    results: int
    page: int
    version: str = VERSION


class SampleUsers(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer; each result can be sent to `POST /api/v1/user-command`, all of it to `…/bulk`."""

    results: list[dict[str, Any]]
    info: SampleInfo
