"""Ports for a stack beside those that run already."""

import random
import socket

from infra.stack.ports import DEFAULTS, HOST

# Below the range from which Linux takes the ports of outgoing connections: none of them can be in the way later.
_CANDIDATES = range(15_000, 32_000)


def free_ports() -> dict[str, str]:
    """Return a free port for every port variable of the stack, all different."""
    candidates = (port for port in random.sample(_CANDIDATES, len(_CANDIDATES)) if _is_free(port))
    return {name: str(next(candidates)) for name in DEFAULTS}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
