"""The ports of the stack: their defaults, the variables that move them, and whether they are free."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from infra.stack.errors import PortsTaken

HOST = "127.0.0.1"

# Away from the stores' own defaults, so that a database already on this machine is neither hit nor hidden.
DEFAULTS: Mapping[str, int] = {
    "HTTP_PORT": 8080,
    "SENSOR_DATA_PORT": 3000,
    "NOTIFICATIONS_PORT": 3001,
    "INSTANCE_1_PORT": 3101,
    "INSTANCE_2_PORT": 3102,
    "INSTANCE_3_PORT": 3103,
    "POSTGRES_PORT": 25432,
    "MONGODB_PORT": 27117,
    "NATS_PORT": 24222,
    "INSTANCE_1_METRICS_PORT": 13101,
    "INSTANCE_2_METRICS_PORT": 13102,
    "INSTANCE_3_METRICS_PORT": 13103,
    "USERS_PROJECTOR_METRICS_PORT": 13111,
    "CLASSROOM_METRICS_PORT": 13112,
    "SENSOR_ALERTS_METRICS_PORT": 13113,
    "NOTIFICATIONS_METRICS_PORT": 13114,
    "TICKETS_RELAY_METRICS_PORT": 13115,
    "TICKETS_RETRY_METRICS_PORT": 13116,
    "ORDERS_METRICS_PORT": 13117,
    "USERS_PUBLISHER_METRICS_PORT": 13118,
    "DELIVERY_SCHEDULER_METRICS_PORT": 13119,
    "DELIVERY_DEMO_METRICS_PORT": 13120,
}


# No process of the stack has the privilege to listen below.
_LOWEST, _HIGHEST = 1024, 65_535


@dataclass(frozen=True, slots=True)
class Ports:
    """One loopback port for each variable of DEFAULTS."""

    numbers: Mapping[str, int]

    def __getitem__(self, variable: str) -> int:
        return self.numbers[variable]

    def address(self, variable: str) -> str:
        return f"{HOST}:{self.numbers[variable]}"

    def without(self, variables: set[str]) -> "Ports":
        """The same ports but those of programs that are not ours to start."""
        return Ports({name: number for name, number in self.numbers.items() if name not in variables})


def read_ports(variables: Mapping[str, str]) -> tuple[Ports, list[str]]:
    """Return the ports in use and what is wrong with the variables that name them, a line each."""
    numbers: dict[str, int] = {}
    mistakes: list[str] = []
    for name, default in DEFAULTS.items():
        text = variables.get(name, "").strip() or str(default)
        if not (text.isascii() and text.isdigit() and _LOWEST <= int(text) <= _HIGHEST):
            mistakes.append(f"{name} must be a port from {_LOWEST} to {_HIGHEST}, not {text!r}")
            continue
        numbers[name] = int(text)
    return Ports(numbers), mistakes + _shared(numbers)


def require_free(ports: Ports) -> None:
    """Raise PortsTaken naming every port that another program listens on."""
    taken = {name: number for name, number in ports.numbers.items() if _is_taken(number)}
    if taken:
        raise PortsTaken(taken)


def _shared(numbers: Mapping[str, int]) -> list[str]:
    names_by_number: dict[int, list[str]] = {}
    for name, number in numbers.items():
        names_by_number.setdefault(number, []).append(name)
    return [
        f"{' and '.join(names)} are the same port, {number}"
        for number, names in names_by_number.items()
        if len(names) > 1
    ]


def _is_taken(number: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection that is still closing does not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except OSError:
            return True
    return False
