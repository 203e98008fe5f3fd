"""JSON output: compact, with instants in UTC to the millisecond (`2026-11-20T18:10:52.123Z`) and decimals as text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec
from rest_framework.renderers import BaseRenderer

_KEPT: Final = (datetime, UUID, Decimal)


def _plain(value: Any) -> Any:
    # Drivers return numbers of classes of their own: MongoDB's Int64 is an int that msgspec does not know.
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"{type(value).__qualname__} has no form in JSON")


_encoder: Final = msgspec.json.Encoder(decimal_format="string", enc_hook=_plain)


class JsonRenderer(BaseRenderer):
    """REST framework's view of `encode_json`."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002 - the signature is REST framework's
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        """The bytes of `data`; nothing at all for None, as in a 204."""
        return b"" if data is None else encode_json(data)


def encode_json(value: Any) -> bytes:
    """`value` as JSON: structs, dicts, lists, texts, numbers, datetimes (aware), UUIDs and decimals.

    Raises:
        TypeError: a value of another kind.
    """
    return _encoder.encode(_with_millisecond_instants(value))


def instant(moment: datetime) -> str:
    """An aware datetime as the API writes it: UTC, milliseconds, `Z`."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _with_millisecond_instants(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {
            key: item if type(item) is str or type(item) is int else _with_millisecond_instants(item)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [_with_millisecond_instants(item) for item in value]
    if kind is datetime:
        return instant(value)
    if isinstance(value, msgspec.Struct):
        return _with_millisecond_instants(msgspec.to_builtins(value, builtin_types=_KEPT))
    return value
