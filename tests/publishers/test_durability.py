"""The NATS of the local stack acknowledges what is on the disk, not what will be there within two minutes."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.stack.layout import Layout
from infra.stack.nats import Nats, executable
from tests.free_ports import free_port
from tests.waiting import wait_until


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[str]:
    """The address of the monitoring of a server with the stack's configuration."""
    layout = Layout(tmp_path)
    layout.create()
    Nats(layout, free_port()).prepare()
    port = free_port()
    command = [str(executable()), "--config", str(layout.run / "nats.conf"), "--http_port", str(port)]
    server = subprocess.Popen([*command, "--log", str(tmp_path / "nats.log")])
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(60)


def test_every_message_is_flushed_before_it_is_acknowledged(monitor: str) -> None:
    answers: list[dict[str, Any]] = []

    def asked() -> bool:
        try:
            with urllib.request.urlopen(f"{monitor}/jsz?config=true", timeout=2) as answer:
                answers.append(json.load(answer))
        except OSError:
            return False
        return True

    wait_until(asked, "the server answers")

    assert answers[0]["config"]["sync_always"] is True
