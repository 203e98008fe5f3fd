"""Starting relays and retry jobs that are processes of their own; those that are left are killed afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.broker.member_process import MemberProcess

Start = Callable[..., MemberProcess]


@contextmanager
def relay_processes(
    uri: str, database: str, stream: str = "", program: str = "tests.outbox.relay_process"
) -> Iterator[Start]:
    """Yield what starts one: `start("relay-1", takes="fresh", mode="plainly")`.

    They publish to a collection of the database, or to `stream`: see `tests.outbox.relay_process`. Another `program`
    takes the same arguments.
    """
    started: list[MemberProcess] = []

    def start(name: str, *, takes: str = "fresh", mode: str = "plainly") -> MemberProcess:
        process = MemberProcess(name, program, [uri, database, stream, takes, mode])
        started.append(process)
        process.wait_for("started")
        return process

    try:
        yield start
    finally:
        for process in started:
            process.close()
