"""Whatever happens meanwhile: everything is handled, and first handled in its subject's order."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from cqrs.publishers.jetstream.listener import Listener
from cqrs.publishers.jetstream.listener_settings import define_listener
from cqrs.testing.waiting import wait_until
from tests.architecture.sources import ROOT
from tests.project.store_proxy import StoreProxy
from tests.publishers.conftest import NewPublisher, settings_of
from tests.publishers.heard import Heard
from tests.publishers.nats_server import HOST, NatsServer
from tests.publishers.steady_publishing import THINGS, SteadyPublishing

STREAM, SERVICE = "t", "orders"
Process = subprocess.Popen[bytes]

# As many as a listener has by default.
THREADS = 8


class Handled:
    """The file that processes write into what they handle."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.touch()

    def lines(self) -> list[tuple[str, int]]:
        """Return the events in the order in which they were handled, each with the process."""
        lines = (line.split() for line in self.file.read_text().splitlines())
        return [(event_id, int(pid)) for event_id, pid in lines]

    def ids(self) -> list[str]:
        return [event_id for event_id, _ in self.lines()]

    def by(self, process: Process) -> int:
        """Return how many the process has handled."""
        return sum(pid == process.pid for _, pid in self.lines())

    def repeated_by(self, process: Process) -> int:
        """Return how many events the process has handled that another had handled before."""
        lines = self.lines()
        others = {event_id: place for place, (event_id, pid) in reversed([*enumerate(lines)]) if pid != process.pid}
        return sum(
            pid == process.pid and others.get(event_id, place) < place for place, (event_id, pid) in enumerate(lines)
        )


@pytest.fixture
def handled(tmp_path: Path) -> Handled:
    return Handled(tmp_path / "handled")


@pytest.fixture
def start(server: NatsServer, handled: Handled) -> Iterator[Callable[[], Process]]:
    """Starts processes of the service, which are killed in the end."""
    processes: list[Process] = []

    def start_process() -> Process:
        command = [sys.executable, "-m", "tests.publishers.listener_process"]
        processes.append(subprocess.Popen([*command, server.url, STREAM, SERVICE, str(handled.file)], cwd=ROOT))
        return processes[-1]

    yield start_process
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait(60)


@pytest.fixture
def publishing(server: NatsServer, new_publisher: NewPublisher) -> Iterator[SteadyPublishing]:
    """Events for the service, one after the other of many things."""
    with SteadyPublishing(new_publisher(settings_of(server.url, STREAM)), STREAM) as publishing:
        yield publishing


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_the_process_at_work_ends_and_another_goes_on(
    publishing: SteadyPublishing, start: Callable[[], Process], handled: Handled, end: signal.Signals
) -> None:
    processes = [start(), start()]
    at_work = whoever_works(processes, handled)
    for _ in range(2):
        at_work.send_signal(end)
        at_work.wait(60)
        processes = [process for process in processes if process is not at_work] + [start()]
        at_work = whoever_works(processes, handled)
    publishing.stop()

    wait_until_all_is_handled(handled.ids, publishing)
    require_first_in_order(handled.ids(), publishing)


def test_a_frozen_process_loses_its_work_to_another_and_does_not_go_on_with_it(
    publishing: SteadyPublishing, start: Callable[[], Process], handled: Handled
) -> None:
    processes = [start(), start()]
    frozen = whoever_works(processes, handled)
    (other,) = (process for process in processes if process is not frozen)

    frozen.send_signal(signal.SIGSTOP)
    wait_until(lambda: handled.by(other) > 5 * THINGS, "the other one works", seconds=60)
    frozen.send_signal(signal.SIGCONT)
    since = handled.by(other)
    wait_until(lambda: handled.by(other) > since + 20 * THINGS, "the other one still works", seconds=60)
    publishing.stop()
    wait_until_all_is_handled(handled.ids, publishing)

    # Each of its threads may have been in the middle of one. It may be given new ones later on.
    assert handled.repeated_by(frozen) <= THREADS
    require_first_in_order(handled.ids(), publishing)


def test_nats_is_killed_while_a_service_listens(
    server: NatsServer, publishing: SteadyPublishing, start: Callable[[], Process], handled: Handled
) -> None:
    processes = [start(), start()]
    whoever_works(processes, handled)

    for _ in range(3):
        server.kill()
        server.start().wait_until_ready()
        since = len(handled.lines())
        wait_until(lambda since=since: len(handled.lines()) > since + THINGS, "somebody works", seconds=60)  # type: ignore[misc]
    publishing.stop()

    wait_until_all_is_handled(handled.ids, publishing)
    require_first_in_order(handled.ids(), publishing)


def test_the_listeners_connection_breaks_again_and_again(server: NatsServer, publishing: SteadyPublishing) -> None:
    heard = Heard()
    with StoreProxy(HOST, server.port) as proxy:
        settings = settings_of(f"nats://{HOST}:{proxy.port}", STREAM)
        listener = Listener(define_listener(service=SERVICE, jetstream=settings, ack_wait=1.0), heard)
        listener.start()
        for _ in range(5):
            heard.wait_for(len(heard.events) + 5 * THINGS, seconds=60)
            proxy.cut()
            proxy.mend()
        publishing.stop()
        wait_until_all_is_handled(lambda: heard.handled, publishing)
        listener.stop()

    require_first_in_order(heard.handled, publishing)


def whoever_works(processes: Sequence[Process], handled: Handled) -> Process:
    """Return the process that handles events now, as soon as one does."""
    before = {process.pid: handled.by(process) for process in processes}

    def working() -> Process | None:
        return next((one for one in processes if handled.by(one) > before[one.pid] + THINGS), None)

    process = wait_until(working, "somebody handles events", seconds=60)
    assert process is not None
    return process


def wait_until_all_is_handled(ids: Callable[[], Sequence[str]], publishing: SteadyPublishing) -> None:
    wait_until(lambda: len(set(ids())) >= THINGS * publishing.done, "all is handled", seconds=120)


def require_first_in_order(ids: Sequence[str], publishing: SteadyPublishing) -> None:
    """Fail unless the first handlings of each thing's events are all of them, in order."""
    by_thing: dict[str, list[int]] = {}
    for event_id in dict.fromkeys(ids):
        thing, _, sequence = event_id.partition("-")
        by_thing.setdefault(thing, []).append(int(sequence))
    late = {thing: found for thing, found in by_thing.items() if found != sorted(found)}
    assert not late, late
    assert by_thing == {str(thing): list(range(1, publishing.done + 1)) for thing in range(THINGS)}
