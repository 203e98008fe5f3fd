"""The share of a feed's changes that one shard has: what order is kept by, and where it belongs."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from bson import ObjectId, json_util
from bson.binary import UuidRepresentation

from cqrs.broker.partitioning import hash_partition

# As the driver writes them: without this a native UUID has no text.
KEY_TEXT = json_util.RELAXED_JSON_OPTIONS.with_options(uuid_representation=UuidRepresentation.STANDARD)
# What ids mostly are. Of each other none of these is equal to another, as numbers are.
KEPT = frozenset({UUID, ObjectId, str})
_MISSING = object()


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Shard number `shard` of `shards`; `ordered_by` is a path in the whole document, None for the document's `_id`."""

    shard: int
    shards: int
    ordered_by: str | None = None

    def key(self, document_id: Any, document: Mapping[str, Any] | None) -> str:
        """Return as text what order is kept by: the value at the path, the `_id` where there is none."""
        value = _MISSING if self.ordered_by is None else _value_at(document, self.ordered_by)
        return key_of(document_id if value is _MISSING else value)

    def has(self, document_id: Any, document: Mapping[str, Any] | None) -> bool:
        """Whether a change of this document is the shard's.

        Without its document a change has no value to go by, and each shard may have looked it up at another time: so
        all of them have it, lest none does.
        """
        return self.is_of_all(document) or self.has_key(self.key(document_id, document))

    def has_key(self, key: str) -> bool:
        """Whether a key is the shard's."""
        return self.shards == 1 or shard_of(key, self.shards) == self.shard

    def is_of_all(self, document: Mapping[str, Any] | None) -> bool:
        """Whether a change is every shard's."""
        return document is None and self.ordered_by is not None


def key_of(value: Any) -> str:
    """Return an `_id`, or another value of a document, as text: relaxed Extended JSON, the same for the same value."""
    return _kept_text(value) if type(value) in KEPT else _text(value)


def shard_of(key: str, shards: int) -> int:
    """Return the shard of a key: the hash that the broker publishes for its partitions."""
    return hash_partition(key, shards)


def _text(value: Any) -> str:
    return json_util.dumps(value, json_options=KEY_TEXT)


# Every shard of a feed asks, and asks again when the change is made.
_kept_text = lru_cache(maxsize=4096)(_text)


def _value_at(document: Mapping[str, Any] | None, path: str) -> Any:
    value: Any = document
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _MISSING
        value = value[name]
    return value
