"""Customers who buy over HTTP, each purchase under a key of its own until it is acknowledged."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.running_stack import RunningStack
from tests.services.buying import wanted

AT_ONCE = 4
PATIENCE = 120.0
PAUSE = 0.2


def get(stack: RunningStack, path: str) -> Any:
    """The JSON of an answer through nginx."""
    with urllib.request.urlopen(f"{stack.base_url}{path}", timeout=60) as answer:
        return json.load(answer)


def enrolled(stack: RunningStack, student: str) -> list[str]:
    """The purchases of which enrolments of a student were made, newest first."""
    return [enrolment["id"] for enrolment in get(stack, f"/api/enrolments?student={student}&limit=200")["items"]]


def buy_patiently(stack: RunningStack, customer: str, number: int = 1) -> str:
    """Buy a course and return the purchase's id, however often it takes. Raises what the last of many attempts did."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _buy(stack, customer, number)
        except OSError as error:
            # A refusal is an answer. Whatever else it is, the replica or its store is away, or the former attempt is
            # still at work under the same key.
            refused = isinstance(error, urllib.error.HTTPError) and error.code not in {409, 502, 503, 504}
            if refused or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)


@contextmanager
def customers_at_once(stack: RunningStack, names: Sequence[str], courses: int) -> Iterator[dict[str, list[str]]]:
    """Let customers buy beside the block, one course after the other; filled when the block has ended."""
    bought: dict[str, list[str]] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        shopping: dict[str, Future[list[str]]] = {name: pool.submit(_shop, stack, name, courses) for name in names}
        yield bought
        bought.update({name: future.result() for name, future in shopping.items()})


def _shop(stack: RunningStack, customer: str, courses: int) -> list[str]:
    return [buy_patiently(stack, customer, number) for number in range(courses)]


def _buy(stack: RunningStack, customer: str, number: int) -> str:
    request = urllib.request.Request(
        f"{stack.base_url}/api/purchases",
        json.dumps(wanted(customer, number)).encode(),
        {"Content-Type": "application/json", "Idempotency-Key": f"{customer}-{number}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["id"])
