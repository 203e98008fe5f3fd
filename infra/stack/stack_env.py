"""`stack.env`: what is in use, one KEY=value a line, for `env $(cat .data/stack.env) .venv/bin/python manage.py …`."""

import os
from collections.abc import Mapping
from pathlib import Path

from infra.stack.application import REPLICAS, WORKERS, metrics_variable
from infra.stack.built_in_provider import NETWORKS, SECRET, URL
from infra.stack.ports import Ports
from infra.stack.settings import DATABASES
from infra.stack.stores import ADDRESS_VARIABLES

_OF_THE_PROVIDER = (URL, SECRET, NETWORKS)
_INHERITED = (*ADDRESS_VARIABLES, *DATABASES, "SECRET_KEY")


def write_stack_env(path: Path, ports: Ports, environment: Mapping[str, str]) -> None:
    """Write the file anew, readable by its owner only: it holds passwords."""
    lines = {
        "HTTP_URL": f"http://{ports.address('HTTP_PORT')}",
        "SENSOR_DATA_URL": f"http://{ports.address('SENSOR_DATA_PORT')}",
        "NOTIFICATIONS_URL": f"http://{ports.address('NOTIFICATIONS_PORT')}",
        **{name: environment[name] for name in _INHERITED},
        **{name: environment[name] for name in _OF_THE_PROVIDER if name in environment},
        # The broker is beside the documents; this is what csbroker calls its address.
        "MONGODB_BROKER_URI": environment["MONGODB_URI"],
        **{metrics_variable(name): str(ports[metrics_variable(name)]) for name in (*REPLICAS, *WORKERS)},
    }
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in lines.items())
    draft.replace(path)


def read_stack_env(path: Path) -> dict[str, str]:
    """Return what the file says; nothing when there is none."""
    if not path.exists():
        return {}
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
