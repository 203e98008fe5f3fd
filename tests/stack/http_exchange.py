"""One HTTP exchange as octets, for requests that no client library would send."""

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def exchange(host: str, port: int, octets: bytes) -> Answer:
    """Send the octets on a connection of their own and return the answer to them."""
    with socket.create_connection((host, port), timeout=60) as connection:
        # What is refused is often refused before all of it was sent; the answer is there all the same.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(octets)
        response = HTTPResponse(connection)
        response.begin()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
