"""Ports for a stack beside those that run already."""

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
    """Return a free port, and none that was returned before."""
    return next(port for port in _candidates() if _is_free(port))


@cache
def _candidates() -> Iterator[int]:
    """All candidates of this process, in random order, each of them once.

    Of processes that share the tests each has its own: a port is not taken before something listens on it, and it
    seems free again while what listened there is started anew.
    """
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = _CANDIDATES[number % count :: count]
    return iter(random.sample(mine, len(mine)))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
