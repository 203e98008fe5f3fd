"""A busy process writes its log lines together; none is lost, none is out of order."""

import logging
import subprocess
import sys
from io import StringIO

import pytest

from cqrs.testing.waiting import wait_until
from cqrs.web.gathered_lines import GatheredLinesHandler

MANY_LINES_THEN = """
import logging, os, sys
from cqrs.web.gathered_lines import GatheredLinesHandler
logger = logging.getLogger("test")
logger.setLevel(logging.INFO)
logger.addHandler(GatheredLinesHandler())
for number in range(500):
    logger.info("line %d", number)
"""
EVERY_LINE = [f"line {number}" for number in range(500)]


class Written(StringIO):
    """What was written, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[list[str]] = []

    def write(self, text: str, /) -> int:
        self.writes.append(text.splitlines())
        return super().write(text)

    @property
    def lines(self) -> list[str]:
        return [line for write in self.writes for line in write]


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def logger(written: Written) -> logging.Logger:
    handler = GatheredLinesHandler()
    handler.setStream(written)
    logger = logging.getLogger("tests.gathered_lines")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [handler]
    return logger


def run(program: str) -> list[str]:
    completed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return completed.stderr.splitlines()


def test_the_line_of_a_quiet_process_is_written_at_once(logger: logging.Logger, written: Written) -> None:
    logger.info("started")

    assert written.writes == [["started"]]


def test_the_lines_of_a_busy_process_are_written_together_and_in_order(
    logger: logging.Logger, written: Written
) -> None:
    numbers = [str(number) for number in range(1_000)]

    for number in numbers:
        logger.info(number)

    wait_until(lambda: len(written.lines) == len(numbers), "every line is written")
    assert written.lines == numbers
    assert len(written.writes) < len(numbers) / 5


def test_a_warning_is_written_at_once_with_what_came_before_it(logger: logging.Logger, written: Written) -> None:
    logger.info("first")
    logger.info("second")

    logger.warning("third")

    assert written.lines == ["first", "second", "third"]


def test_a_process_that_ends_has_written_every_line() -> None:
    lines = run(MANY_LINES_THEN + "sys.exit(3)")

    assert lines == EVERY_LINE


def test_a_process_that_fails_has_written_every_line_too() -> None:
    lines = run(MANY_LINES_THEN + "raise ValueError('of the program')")

    assert [line for line in lines if line.startswith("line ")] == EVERY_LINE


def test_what_had_gathered_before_a_fork_is_written_once() -> None:
    lines = run(MANY_LINES_THEN + "pid = os.fork()\nif pid: os.waitpid(pid, 0)\nelse: logger.info('child')")

    assert sorted(lines) == sorted([*EVERY_LINE, "child"])
