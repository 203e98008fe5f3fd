"""gunicorn with our worker: connections are kept, share the threads fairly, and are ended cleanly when it stops."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier, Event

import pytest
from django.conf import settings

from infra.stack.account import dying_with_parent
from tests.free_ports import free_port
from tests.waiting import wait_until

SECONDS = 60
# A worker that has been told to stop ends by itself, or not in time.
NEVER_ENDED = "--graceful-timeout 600"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
OPENING = b"POST /begun HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"


@dataclass(frozen=True)
class Server:
    """A gunicorn process and its address."""

    process: subprocess.Popen[bytes]
    port: int

    @contextmanager
    def connection(self) -> Iterator[HTTPConnection]:
        opened = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        opened.connect()
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def plain_connection(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), SECONDS) as opened:
            yield opened

    def listens(self) -> bool:
        try:
            with self.connection() as opened:
                return get(opened, "/") == "/"
        except OSError:
            return False


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server with so many threads, with the settings of a replica."""
    with ExitStack() as running:
        yield lambda threads, **variables: _start(running, threads, tmp_path, variables)


def _start(running: ExitStack, threads: int, folder: Path, variables: Mapping[str, str]) -> Server:
    port = free_port()
    settled = {
        "BIND": f"127.0.0.1:{port}",
        "WEB_THREADS": str(threads),
        "METRICS_PORT": "",
        "GUNICORN_CMD_ARGS": NEVER_ENDED,
    }
    program = ["-m", "gunicorn", "--config", "cqrs_project/gunicorn.py", "tests.project.plain_application"]
    output = running.enter_context((folder / "output").open("wb"))
    process = subprocess.Popen(
        [*dying_with_parent("TERM"), sys.executable, *program],
        cwd=settings.BASE_DIR,
        env={**os.environ, **settled, **variables},
        stdout=output,
        stderr=output,
    )
    running.callback(process.wait)
    running.callback(process.kill)
    server = Server(process, port)
    wait_until(server.listens, "the server answers")
    return server


def get(connection: HTTPConnection, path: str) -> str:
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read().decode()


def read_to_the_end(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received


def test_requests_on_one_connection_are_answered_in_order(start: Start) -> None:
    server = start(2)

    with server.connection() as connection:
        kept = connection.sock
        answers = [get(connection, f"/{number}") for number in range(50)]
        same = connection.sock is kept

    assert answers == [f"/{number}" for number in range(50)]
    assert same


def test_requests_that_come_together_are_answered_in_order(start: Start) -> None:
    server = start(2)
    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: test\r\n\r\n" % number for number in range(20))

    with server.plain_connection() as connection:
        connection.sendall(requests + b"GET /last HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        received = read_to_the_end(connection)

    bodies = [part.partition(b"\r\n\r\n")[2] for part in received.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [*(b"/%d" % number for number in range(20)), b"/last"]


def test_connections_that_idle_hold_no_thread(start: Start) -> None:
    server = start(2)

    with ExitStack() as opened:
        idle = [opened.enter_context(server.connection()) for _ in range(8)]
        first = [get(connection, "/first") for connection in idle]
        with server.connection() as late:
            answer = get(late, "/late")
        again = [get(connection, "/again") for connection in idle]

    assert (first, answer, again) == (["/first"] * 8, "/late", ["/again"] * 8)


def test_more_connections_than_threads_are_all_served(start: Start) -> None:
    server = start(2)

    def ask(number: int) -> list[str]:
        with server.connection() as connection:
            return [get(connection, f"/{number}/{turn}") for turn in range(40)]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12), timeout=60))

    assert answers == [[f"/{number}/{turn}" for turn in range(40)] for number in range(12)]


def test_connections_that_never_pause_leave_threads_to_others(start: Start) -> None:
    server, begun, enough = start(2), Barrier(3), Event()

    def ask_on() -> None:
        with server.connection() as connection:
            get(connection, "/first")
            begun.wait(SECONDS)
            while not enough.is_set():
                get(connection, "/again")

    with ThreadPoolExecutor(2) as pool:
        greedy = [pool.submit(ask_on) for _ in range(2)]
        begun.wait(SECONDS)
        try:
            with server.connection() as late:
                answers = [get(late, f"/{number}") for number in range(5)]
        finally:
            enough.set()

    assert answers == [f"/{number}" for number in range(5)]
    assert [future.exception() for future in greedy] == [None, None]


def test_a_stop_ends_a_connection_that_idles_and_then_the_process(start: Start) -> None:
    server = start(2)

    with server.plain_connection() as idle:
        idle.sendall(b"GET /idle HTTP/1.1\r\nHost: test\r\n\r\n")
        wait_until(lambda: idle.recv(65_536, socket.MSG_PEEK).endswith(b"/idle"), "it was answered")
        server.process.send_signal(signal.SIGTERM)
        received = read_to_the_end(idle)

    assert received.endswith(b"/idle")
    assert server.process.wait(SECONDS) == 0


def test_a_request_that_was_begun_when_the_stop_came_is_answered(start: Start) -> None:
    server = start(2)

    with server.plain_connection() as begun, server.connection() as idle:
        begun.sendall(OPENING)
        assert begun.recv(len(CONTINUE), socket.MSG_WAITALL) == CONTINUE
        get(idle, "/idle")
        server.process.send_signal(signal.SIGTERM)
        assert idle.sock.recv(1) == b"", "the worker is stopping"
        begun.sendall(b"-body")
        received = read_to_the_end(begun)

    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.endswith(b"/begun-body")
    assert server.process.wait(SECONDS) == 0


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system does not say where its processes run")
def test_a_replica_stays_on_the_processor_that_is_named_counted_around(start: Start) -> None:
    usable = sorted(os.sched_getaffinity(0))

    server = start(2, WEB_PROCESSOR=str(len(usable) + 1))

    with server.connection() as connection:
        get(connection, "/")
    (worker,) = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    threads = {frozenset(os.sched_getaffinity(int(task.name))) for task in Path(f"/proc/{worker}/task").iterdir()}
    assert threads == {frozenset({usable[1 % len(usable)]})}
    assert os.sched_getaffinity(server.process.pid) == set(usable)
