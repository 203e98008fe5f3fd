"""The stream that a process publishes to or reads: made where it is missing, never changed in silence."""

import logging
from typing import Any

from nats.aio.client import Client

from cqrs.publishers.jetstream.errors import RefusedByServer
from cqrs.publishers.jetstream.requests import STREAM_NOT_FOUND, ask
from cqrs.publishers.jetstream.settings import StreamSettings

logger = logging.getLogger(__name__)

NANOSECONDS = 1_000_000_000


async def ensure_stream(client: Client, settings: StreamSettings) -> list[str]:
    """Create the stream if it is missing. Return in which settings the one that is there differs; they are logged.

    Raises Unavailable, and RefusedByServer where the server will not have such a stream.
    """
    wanted = configuration(settings)
    try:
        found = (await ask(client, f"STREAM.INFO.{settings.name}"))["config"]
    except RefusedByServer as error:
        if error.code != STREAM_NOT_FOUND:
            raise
        # Created twice alike by two processes it is created once.
        found = (await ask(client, f"STREAM.CREATE.{settings.name}", wanted))["config"]
        logger.info("stream created", extra={"stream": settings.name})
    different = differences(wanted, found)
    if different:
        logger.warning("stream differs from its settings", extra={"stream": settings.name, "differences": different})
    return different


async def change_stream(client: Client, settings: StreamSettings) -> list[str]:
    """Give the stream its settings, creating it if it is missing. Return what was changed.

    Raises Unavailable, and RefusedByServer where the server does not change that (the storage, say).
    """
    different = await ensure_stream(client, settings)
    if different:
        await ask(client, f"STREAM.UPDATE.{settings.name}", configuration(settings))
    return different


def configuration(settings: StreamSettings) -> dict[str, Any]:
    """Return the settings as JetStream's API takes them."""
    return {
        "name": settings.name,
        "subjects": sorted(settings.subjects),
        "retention": "limits",
        "storage": "file",
        # A full stream says so; dropping the oldest would lose what some consumer has not read.
        "discard": "new",
        "num_replicas": settings.replicas,
        "max_age": int(settings.max_age * NANOSECONDS),
        "max_bytes": settings.max_bytes,
        "max_msgs": settings.max_messages,
        "max_msg_size": settings.max_message_bytes,
        "duplicate_window": int(settings.duplicate_window * NANOSECONDS),
    }


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Return a line for every setting that is not as it is wanted."""
    return [
        f"{name} is {found.get(name)!r}, not {value!r}"
        for name, value in wanted.items()
        if _in_any_order(found.get(name)) != _in_any_order(value)
    ]


def _in_any_order(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value
