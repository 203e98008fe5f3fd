"""Ports for a stack beside those that run already."""

import fcntl
import os
import random
import socket
from collections.abc import Iterator
from functools import cache

from infra.stack.ports import DEFAULTS, HOST

# Below the range from which Linux takes the ports of outgoing connections: none of them can be in the way later.
_CANDIDATES = range(15_000, 32_000)


def free_ports() -> dict[str, str]:
    """Return a free port for every port variable of the stack."""
    return {name: str(free_port()) for name in DEFAULTS}


def free_port() -> int:
    """Return a free port, and none that was returned before, nor to another process that runs tests."""
    return next(port for port in _candidates() if _is_reserved(port) and _is_free(port))


@cache
def _candidates() -> Iterator[int]:
    """All candidates in random order, each of them once."""
    return iter(random.sample(_CANDIDATES, len(_CANDIDATES)))


@cache
def _reservations() -> int:
    """The file whose bytes stand for ports: a lock on one holds until this process ends, however that may be."""
    return os.open(f"/tmp/cqrs-test-ports-{os.getuid()}", os.O_RDWR | os.O_CREAT, 0o600)


def _is_reserved(port: int) -> bool:
    """Whether the port is this process's now. Without that another might be given it.

    It is not taken before something listens on it, and it seems free again while what listened there is started anew.
    """
    try:
        fcntl.lockf(_reservations(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
