"""How nonsense is refused: with a 4xx problem document, with little work, and without a trace in any store."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any

from tests.users_command.stored import counts

# Most of it takes some hundredths of a second, sixteen megabytes about one; what is quadratic takes minutes.
QUICKLY = 20.0


@contextmanager
def nothing_stored() -> Iterator[None]:
    """Raise AssertionError if the block leaves a row or a document behind, or takes one away."""
    before = counts()
    yield
    assert counts() == before


@contextmanager
def quickly() -> Iterator[None]:
    """Raise AssertionError if the block costs this process more than `QUICKLY` seconds of a processor.

    Not by the clock, which tells how busy the machine is.
    """
    began = process_time()
    yield
    taken = process_time() - began
    assert taken < QUICKLY, f"took {taken:.2f} s of a processor"


def assert_refused(answer: Any, *statuses: int) -> None:
    """The answer is a problem document of one of these statuses (any 4xx where none is named) and repeats nothing."""
    assert answer.status_code in (statuses or range(400, 500)), answer.content[:500]
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert {"type", "title", "status", "detail", "instance"} <= set(problem) <= {*problem, "errors"}
    for error in problem.get("errors", []):
        assert set(error) == {"path", "message", "code"}
    assert len(answer.content) < 20_000, "an answer is not blown up by what was sent"
    assert answer["X-App-Id"]
