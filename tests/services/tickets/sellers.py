"""Sellers who offer tickets over HTTP and change them, each step until it is acknowledged."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from tests.running_stack import RunningStack

PATIENCE = 90.0
PAUSE = 0.1
AWAY = {500, 502, 503, 504}


class Seller:
    """Somebody who is signed in at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token = ""
        self._token = self._signed_up()

    def offer(self, title: str) -> Any:
        """Offer a ticket, once for its title."""
        key = {"Idempotency-Key": title.replace(" ", "-")}
        # In conflict is whoever asks again while the first attempt is still at work.
        return self._patiently("POST", "/api/tickets", {"title": title, "price": "1.00"}, key, also={409})

    def change(self, ticket: Any, price: str) -> Any:
        """Change a ticket's price; where the answer was lost, look whether it took effect."""
        body = {"title": ticket["title"], "price": price}
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._once("PUT", f"/api/tickets/{ticket['id']}", body, {"If-Match": f'"{ticket["version"]}"'})
            except OSError as error:
                _raise_unless_away(error, deadline, also={412})
            found = self._patiently("GET", f"/api/tickets/{ticket['id']}")
            if found["version"] == ticket["version"] + 1 and found["price"] == price:
                return found
            time.sleep(PAUSE)

    def _signed_up(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while True:
            # A name of its own for each attempt: where the answer was lost, the former one is taken.
            credentials = {"email": f"{uuid4().hex}@example.org", "password": "correct horse"}
            try:
                token: str = self._once("POST", "/api/users/signup", credentials)["token"]
            except OSError as error:
                _raise_unless_away(error, deadline)
                time.sleep(PAUSE)
            else:
                return token

    def _patiently(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        *,
        also: Set[int] = frozenset(),
    ) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._once(method, path, body, headers)
            except OSError as error:
                _raise_unless_away(error, deadline, also=also)
                time.sleep(PAUSE)

    def _once(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self._url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}", **(headers or {})},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


@contextmanager
def sellers_at_once(stack: RunningStack, names: Sequence[str], *, tickets: int, changes: int) -> Iterator[list[Any]]:
    """Let sellers offer and change tickets beside the block; filled with what they were told when it has ended."""
    sold: list[Any] = []
    with ThreadPoolExecutor(len(names)) as pool:
        selling: list[Future[list[Any]]] = [pool.submit(_sell, stack, name, tickets, changes) for name in names]
        yield sold
        for seller in selling:
            sold.extend(seller.result())


def _sell(stack: RunningStack, name: str, tickets: int, changes: int) -> list[Any]:
    seller = Seller(stack.base_url)
    sold = [seller.offer(f"{name} {number}") for number in range(tickets)]
    for change in range(changes):
        sold = [seller.change(ticket, f"{change + 2}.00") for ticket in sold]
    return sold


def _raise_unless_away(error: OSError, deadline: float, *, also: Set[int] = frozenset()) -> None:
    refused = isinstance(error, urllib.error.HTTPError) and error.code not in AWAY | also
    if refused or time.monotonic() > deadline:
        raise error
