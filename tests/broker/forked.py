"""Running something in a forked child of the test, for what must survive a fork."""

import os
import traceback
from collections.abc import Callable
from typing import Any

import msgspec


def in_a_fork(work: Callable[[], object]) -> Any:
    """Return what `work` returns in a child process, by way of JSON. Raises AssertionError where it fails there."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, answer.decode()
    return msgspec.json.decode(answer)


def _answer(work: Callable[[], object], pipe: int) -> None:
    try:
        os.write(pipe, msgspec.json.encode(work()))
        status = 0
    except BaseException:  # noqa: BLE001 - told to the parent
        os.write(pipe, traceback.format_exc().encode())
        status = 1
    # Nothing of the parent's is cleaned up here.
    os._exit(status)
