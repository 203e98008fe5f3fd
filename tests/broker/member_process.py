"""Starting, freezing and killing members of a group that are processes of their own."""

import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from cqrs.broker import Broker
from cqrs.testing.waiting import wait_until
from infra.stack.account import dying_with_parent
from tests.architecture.sources import ROOT
from tests.broker.transactions import end_transactions

SECONDS = 60


class MemberProcess:
    """A process that runs `program`, a module of the tests. `name`, its last argument, is in every effect it has."""

    def __init__(self, name: str, program: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [*dying_with_parent("KILL"), sys.executable, "-m", program, *arguments, name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, line: str) -> None:
        """Return when it has printed the line."""
        assert self._process.stdout is not None
        for printed in self._process.stdout:
            if printed.strip() == line:
                return
        raise AssertionError(f"{self.name} ended before it said {line!r}")

    def go_on(self) -> None:
        """Let it finish what it has in hand."""
        assert self._process.stdin is not None
        self._process.stdin.write("go on\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """End it as kill -9 does."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def leave(self) -> int:
        """Have it leave the group and end; return its exit status."""
        self._process.terminate()
        return self._process.wait(SECONDS)

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


@contextmanager
def members(broker: Broker) -> Iterator[Callable[..., MemberProcess]]:
    """Yield what starts a member and returns when it is subscribed; those that are left are killed afterwards."""
    started: list[MemberProcess] = []

    def start(name: str, mode: str = "plainly") -> MemberProcess:
        config = broker.config
        member = MemberProcess(name, "tests.broker.consumer_process", [config.mongo_uri, config.database, mode])
        started.append(member)
        member.wait_for("subscribed")
        return member

    try:
        yield start
    finally:
        for member in started:
            member.close()
        end_transactions(broker)


def effects(broker: Broker) -> list[dict[str, Any]]:
    """Return the effects in the order in which the handler began with them."""
    return list(broker.store.database["effects"].find().sort("began", 1))


def values(broker: Broker) -> list[Any]:
    return [effect["value"] for effect in effects(broker)]


def wait_for_values(broker: Broker, wanted: set[Any], *, seconds: float = SECONDS) -> None:
    wait_until(lambda: set(values(broker)) >= wanted, f"{len(wanted)} values have had their effect", seconds=seconds)


def require_order(broker: Broker) -> None:
    """Fail unless the first handling of each record is in order: what comes again comes from a committed offset on."""
    first: dict[int, list[int]] = defaultdict(list)
    for effect in effects(broker):
        if effect["offset"] not in first[effect["partition"]]:
            first[effect["partition"]].append(effect["offset"])
    for offsets in first.values():
        assert offsets == list(range(len(offsets)))
