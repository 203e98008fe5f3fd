"""Where a stream is and what it holds, declared once and checked as a whole."""

import os
import re
import socket
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import msgspec

from cqrs.publishers.jetstream.errors import InvalidSettings

DEFAULT_CLUSTER_ID = "ticketing"
# A stream's name is part of subjects and of a folder's name on the server.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CLIENT = re.compile(r"[A-Za-z0-9._:@-]{1,253}")
_SUBJECT = re.compile(r"[^\s.*>]+(\.[^\s.*>]+|\.\*)*(\.>)?")

GIBIBYTE = 1024**3
DAY = 24 * 3600.0
REPLICAS = (1, 3, 5)


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A stream as it is wanted: file storage, new messages refused where a limit is reached.

    `duplicate_window` and `max_age` are seconds; within the window a repeated id is dropped by the server itself.
    """

    name: str
    subjects: tuple[str, ...]
    replicas: int = 1
    max_age: float = 7 * DAY
    max_bytes: int = GIBIBYTE
    max_messages: int = 10_000_000
    max_message_bytes: int = 1_000_000
    duplicate_window: float = 120.0


class JetStreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where NATS is, as whom this process speaks to it, and the stream. Made by `define_jetstream`.

    `window` is how many events may be on their way at the same time, `ack_seconds` how long one may take.
    """

    servers: tuple[str, ...]
    client_id: str
    stream: StreamSettings
    window: int = 256
    ack_seconds: float = 5.0

    def __repr__(self) -> str:
        # The addresses may hold passwords.
        return f"JetStreamSettings(client_id={self.client_id!r}, stream={self.stream.name!r})"


def define_jetstream(
    *,
    url: str,
    subjects: Sequence[str],
    cluster_id: str = DEFAULT_CLUSTER_ID,
    client_id: str = "",
    window: int = 256,
    ack_seconds: float = 5.0,
    **limits: float,
) -> JetStreamSettings:
    """Declare a stream on the servers at `url`, several of them separated by commas.

    `cluster_id` names the stream; `client_id` names this process and is its host and pid where it is empty; `limits`
    are the fields of StreamSettings. Raises InvalidSettings with all mistakes together.
    """
    stream = msgspec.structs.replace(StreamSettings(name=cluster_id, subjects=tuple(subjects)), **limits)
    settings = JetStreamSettings(
        servers=tuple(server.strip() for server in url.split(",")),
        client_id=client_id or default_client_id(),
        stream=stream,
        window=window,
        ack_seconds=ack_seconds,
    )
    if mistakes := [*_mistakes_of_process(settings), *mistakes_of_stream(stream)]:
        raise InvalidSettings(mistakes)
    return settings


def default_client_id() -> str:
    """Return a name that no other process has: host and pid."""
    return f"{socket.gethostname()}-{os.getpid()}"


def mistakes_of_stream(stream: StreamSettings) -> Iterator[str]:
    """Say what is wrong with a stream, a sentence each."""
    if not _NAME.fullmatch(stream.name):
        yield f"the cluster id must be 1 to 64 letters, digits, - or _, not {stream.name!r}"
    if not stream.subjects:
        yield "a stream needs subjects"
    for subject in stream.subjects:
        if not _SUBJECT.fullmatch(subject):
            yield f"a subject must be words separated by dots, with * or a last > for any, not {subject!r}"
    if stream.replicas not in REPLICAS:
        yield f"replicas must be 1, 3 or 5, not {stream.replicas!r}"
    for name in ("max_age", "max_bytes", "max_messages", "max_message_bytes", "duplicate_window"):
        if not getattr(stream, name) > 0:
            yield f"{name} must be above 0: a stream without a limit fills the disk"
    if stream.duplicate_window > stream.max_age:
        yield "duplicate_window must not exceed max_age"


def mistakes_of_client_id(client_id: str) -> Iterator[str]:
    """Say what is wrong with the name of a process."""
    if not _CLIENT.fullmatch(client_id):
        yield f"the client id must be 1 to 253 letters, digits or .-_:@, not {client_id!r}"


def _mistakes_of_process(settings: JetStreamSettings) -> Iterator[str]:
    for server in settings.servers:
        if not _is_address(server):
            # Never repeated: it may hold a password.
            yield "the address must be one or several URLs such as nats://host:4222, separated by commas"
    yield from mistakes_of_client_id(settings.client_id)
    if settings.window < 1:
        yield f"window must be at least 1, not {settings.window!r}"
    if not settings.ack_seconds > 0:
        yield f"ack_seconds must be above 0, not {settings.ack_seconds!r}"


def _is_address(server: str) -> bool:
    try:
        parts = urlsplit(server)
        return parts.scheme in {"nats", "tls"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
