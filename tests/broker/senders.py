"""Starting sender processes and hearing what they say."""

import os
import subprocess
import sys
from subprocess import Popen
from typing import Any

import msgspec

from cqrs.broker import BrokerConfig
from tests.architecture.sources import ROOT


def start_sender(config: BrokerConfig, *arguments: str) -> "Popen[str]":
    """Start a process of `tests.broker.sender_process` on the broker's database."""
    return Popen(
        [sys.executable, "-m", "tests.broker.sender_process", *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "MONGODB_BROKER_URI": config.mongo_uri,
            "MONGODB_BROKER_DATABASE": config.database,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def hear(process: "Popen[str]") -> Any:
    """Return the next thing that the process says. Raises AssertionError where it has ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the sender ended with {process.wait()}"
    return msgspec.json.decode(line)


def go(process: "Popen[str]") -> None:
    """Give the process the line that it waits for."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def told(process: "Popen[str]") -> Any:
    """Have a process of the kind `keyed` end, and return what it has to tell of each of its threads."""
    go(process)
    return hear(process)


def heard(process: "Popen[str]") -> list[Any]:
    """Return all that the process still says until its end; half a line of a killed one is left out."""
    assert process.stdout is not None
    return [msgspec.json.decode(line) for line in process.stdout if line.endswith("\n")]
