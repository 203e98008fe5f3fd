"""The run loop: it waits when there is nothing, backs off when a store is away, ends when told to, and dies visibly."""

import itertools
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy
from cqrs.worker import LONGEST_REST, Worker, rest_after

SECONDS = 60
QUICKLY = RetryPolicy(max_attempts=0, base=0.1, cap=0.1)
SLOWLY = RetryPolicy(max_attempts=0, base=60.0, cap=60.0)


class Work:
    """Steps come from a list; then the worker is stopped. Everything that is asked of it is noted."""

    def __init__(self, *steps: bool | Exception | Callable[[], bool]) -> None:
        self.steps = list(steps)
        self.calls: list[str] = []
        self.worker: Worker | None = None

    def step(self) -> bool:
        self.calls.append("step")
        if not self.steps:
            assert self.worker is not None
            self.worker.stop()
            return True
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, bool) else step()

    def wait(self, seconds: float) -> None:
        self.calls.append(f"wait {seconds}")

    def close(self) -> None:
        self.calls.append("close")


def run(work: Work, **options: object) -> Worker:
    work.worker = Worker("test", work, **options)  # type: ignore[arg-type]
    thread = Thread(target=work.worker.run)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive()
    return work.worker


def test_it_steps_on_while_there_is_more_and_waits_when_there_is_not() -> None:
    work = Work(True, True, False)

    run(work, poll_seconds=0.5)

    assert work.calls == ["step", "step", "step", "wait 0.5", "step", "close"]


def test_unavailability_is_waited_out_and_the_count_begins_anew_after_a_success(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = Unavailable("mongodb")
    work = Work(away, away, True, away)

    with caplog.at_level(logging.WARNING):
        run(work, back_off=QUICKLY)

    failures = [record.__dict__["failures"] for record in caplog.records if record.name == "cqrs.worker"]
    assert failures == [1, 2, 1]
    assert work.calls == ["step"] * 5 + ["close"]


def test_unavailability_while_waiting_is_waited_out_too() -> None:
    class WorkThatCannotWait(Work):
        def wait(self, seconds: float) -> None:
            raise Unavailable("postgresql", retry_after=seconds)

    work = WorkThatCannotWait(False)

    run(work, back_off=QUICKLY)

    assert work.calls == ["step", "step", "close"]


def test_it_backs_off_instead_of_asking_again_at_once() -> None:
    work = Work(Unavailable("mongodb"), Unavailable("mongodb"))

    began = time.monotonic()
    run(work, back_off=QUICKLY)

    assert time.monotonic() - began >= 0.2


def test_any_other_error_ends_it_and_reaches_the_caller() -> None:
    work = Work(True, RuntimeError("broken"))

    with pytest.raises(RuntimeError, match="broken"):
        Worker("test", work).run()

    assert work.calls == ["step", "step", "close"]


def test_a_stop_during_a_step_lets_it_finish_and_gives_back_the_connections() -> None:
    in_step, go_on = Event(), Event()

    def long_step() -> bool:
        in_step.set()
        finished = go_on.wait(SECONDS)
        work.calls.append("finished")
        return finished

    work = Work(long_step)
    worker = Worker("test", work)
    thread = Thread(target=worker.run)
    thread.start()
    assert in_step.wait(SECONDS)

    worker.stop()
    go_on.set()
    thread.join(SECONDS)

    assert work.calls == ["step", "finished", "close"]


def test_a_stop_ends_a_back_off_at_once() -> None:
    failed = Event()

    def fail() -> bool:
        failed.set()
        raise Unavailable("mongodb")

    work = Work(fail)
    worker = Worker("test", work, back_off=SLOWLY)
    thread = Thread(target=worker.run)
    thread.start()
    assert failed.wait(SECONDS)

    worker.stop()
    thread.join(SECONDS)

    assert not thread.is_alive()
    assert work.calls == ["step", "close"]


def test_a_stop_before_the_start_is_not_forgotten() -> None:
    work = Work(True)
    worker = Worker("test", work)

    worker.stop()
    worker.run()

    assert work.calls == ["close"]


@pytest.mark.parametrize(("step", "rest"), [(0.0, 0.0), (0.004, 0.004), (0.049, 0.049), (0.05, 0.0), (60.0, 0.0)])
def test_a_short_step_is_followed_by_a_rest_of_the_same_length(step: float, rest: float) -> None:
    assert rest_after(step) == rest


def test_between_two_short_steps_the_worker_rests() -> None:
    times: list[tuple[float, float]] = []

    def compute() -> bool:
        began = time.monotonic()
        sum(range(10_000))
        times.append((began, time.monotonic()))
        return True

    run(Work(*[compute] * 10))

    rests = [(ended - began, next_began - ended) for (began, ended), (next_began, _) in itertools.pairwise(times)]
    short = [(step, rest) for step, rest in rests if step < LONGEST_REST / 2]
    assert short
    assert all(rest >= step for step, rest in short)


BACKING_OFF = """
import signal
from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy
from cqrs.worker import Worker

class Work:
    def step(self):
        print("step", flush=True)
        raise Unavailable("mongodb")

    def wait(self, seconds):
        pass

    def close(self):
        print("closed", flush=True)

worker = Worker("test", Work(), back_off=RetryPolicy(max_attempts=0, base=60.0, cap=60.0))
signal.signal(signal.SIGTERM, lambda *_: worker.stop())
worker.run()
"""

# A handler runs in the main thread, wherever that is, even within stop itself.
STOPPING = """
import signal
from cqrs.worker import Worker

worker, signals = Worker("test", None), []

def stop(*_):
    signals.append(1)
    worker.stop()

signal.signal(signal.SIGALRM, stop)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
while len(signals) < 500:
    worker.stop()
signal.setitimer(signal.ITIMER_REAL, 0)
print("went on")
"""


def test_a_signal_ends_a_back_off_of_the_main_thread() -> None:
    with python(BACKING_OFF) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "step\n"

        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=SECONDS)

    assert (process.returncode, output) == (0, "closed\n"), errors


def test_a_signal_handler_can_stop_it_at_any_moment_without_a_deadlock() -> None:
    with python(STOPPING) as process:
        output, errors = process.communicate(timeout=SECONDS)

    assert (process.returncode, output) == (0, "went on\n"), errors


@contextmanager
def python(program: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()
