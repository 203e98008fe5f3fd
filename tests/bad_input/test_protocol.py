"""Octets that are hardly HTTP, sent to a replica and through nginx: refused quickly, and everybody else goes on."""

import gzip
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.running_stack import RunningStack
from tests.stack.http_exchange import Answer, exchange

SEED = "bad-protocol"
USERS = b"/api/v1/user-command"
ADA = b'{"email": "ada@example.org"}'
JSON = b"Content-Type: application/json\r\n"

# What no replica and no proxy may answer with anything but a 4xx (or 5xx "not implemented" for what HTTP allows so).
REFUSED: dict[str, bytes] = {
    "bytes in the path": b"GET /api/v1/user-query/\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "escaped bytes in the path": b"GET /api/v1/user-query/%ff%fe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in the path": b"GET /api/v1/user-query/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "surrogate in the path": b"GET /api/v1/user-query/%ED%A0%80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "out of the root": b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "out of the root, escaped": b"GET /static/%2e%2e/%2e%2e/manage.py HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "bytes in the query": b"GET /api/v1/user-query?seed=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "escaped bytes in the query": b"GET /api/v1/user-query?seed=%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "NUL in the query": b"GET /api/v1/user-query?seed=%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a very long query": b"GET /api/v1/user-query?seed=" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a very long path": b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a very long header": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
    "many headers": b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: 1\r\n" * 20_000 + b"\r\n",
    "another host": b"GET /api/v1/user-query HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "a host of bytes": b"GET /api/v1/user-query HTTP/1.1\r\nHost: \xff\r\n\r\n",
    "a space in a header's name": b"GET /api/v1/nowhere HTTP/1.1\r\nHost: localhost\r\nX Y: 1\r\n\r\n",
    "an unknown method": b"BREW /api/v1/user-query HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "OPTIONS": b"OPTIONS /api/v1/user-query HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a guard of bytes": b"DELETE " + USERS + b"/0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44 HTTP/1.1\r\nHost: localhost\r\n"
    b"If-Match: \xff\r\n\r\n",
    "a key of bytes": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Content-Length: 28\r\n"
    b"Idempotency-Key: \xff\r\n\r\n" + ADA,
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "another version": b"GET /api/v1/user-query HTTP/3.7\r\nHost: localhost\r\n\r\n",
    "two lengths": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Content-Length: 28\r\nContent-Length: 27\r\n\r\n"
    + ADA,
    "a negative length": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Content-Length: -1\r\n\r\n"
    + ADA,
    "a length that is no number": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Content-Length: 28x\r\n\r\n"
    + ADA,
    "a huge length": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Content-Length: 99999999999999999999\r\n\r\n"
    + ADA,
    "a length and chunks": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Content-Length: 28\r\nTransfer-Encoding: chunked\r\n\r\n1c\r\n"
    + ADA
    + b"\r\n0\r\n\r\n",
    "another transfer coding": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Transfer-Encoding: gzip\r\n\r\n"
    + gzip.compress(ADA),
    "chunks that are none": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"
    + ADA
    + b"\r\n0\r\n\r\n",
    "no body": b"POST " + USERS + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"\r\n",
    "an empty body": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
    + JSON
    + b"Content-Length: 0\r\n\r\n",
    "no content type": b"POST "
    + USERS
    + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\nContent-Length: 28\r\n\r\n"
    + ADA,
}


@pytest.fixture(params=["nginx", "replica"])
def port(request: pytest.FixtureRequest, stack: RunningStack) -> int:
    if request.param == "replica":
        return int(stack.variables["INSTANCE_1_PORT"])
    return urlsplit(stack.base_url).port or 80


@pytest.fixture(scope="module", autouse=True)
def happened_before(stack: RunningStack) -> str:
    """What ended unasked before the first test of this module."""
    return stack.happenings()


@pytest.fixture(autouse=True)
def _nobody_is_stored(stack: RunningStack) -> Iterator[None]:
    yield
    with psycopg.connect(stack.env["DATABASE_URL"]) as postgresql:
        found = postgresql.execute("select email from prm_user where seed = %s", [SEED]).fetchall()
    assert found == []


def send(port: int, octets: bytes) -> Answer:
    """The answer to the octets themselves, and not to a wait for more of them or for another process."""
    answer = exchange("127.0.0.1", port, octets)
    assert answer.status not in {408, 504}
    return answer


@pytest.mark.parametrize("octets", REFUSED.values(), ids=REFUSED)
def test_it_is_refused_quickly(port: int, octets: bytes) -> None:
    answer = send(port, octets)

    assert 400 <= answer.status < 500 or answer.status in {501, 505}, answer.body[:300]
    assert b"Traceback" not in answer.body


@pytest.mark.parametrize("octets", REFUSED.values(), ids=REFUSED)
def test_through_nginx_it_is_a_problem_document(stack: RunningStack, octets: bytes) -> None:
    answer = send(urlsplit(stack.base_url).port or 80, octets)

    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["status"] == answer.status
    assert answer.headers["x-request-id"]


def test_chunks_pass_through_nginx_and_are_411_at_a_replica(stack: RunningStack) -> None:
    octets = (
        b"POST "
        + USERS
        + b"/bulk?seed=chunks HTTP/1.1\r\nHost: localhost\r\n"
        + JSON
        + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n"
    )

    through_nginx = send(urlsplit(stack.base_url).port or 80, octets)
    at_replica = send(int(stack.variables["INSTANCE_1_PORT"]), octets)

    assert (through_nginx.status, at_replica.status) == (200, 411)


def test_a_body_that_ends_too_early_stores_nothing(port: int) -> None:
    octets = (
        b"POST "
        + USERS
        + b"?seed=bad-protocol HTTP/1.1\r\nHost: localhost\r\n"
        + JSON
        + b"Content-Length: 100\r\n\r\n"
        + ADA
    )

    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(octets)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)

    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")


def test_octets_after_the_body_are_not_part_of_it(port: int) -> None:
    body = ADA + b"\r\nGARBAGE / HTTP/1.1\r\n\r\n"
    octets = b"POST " + USERS + b"?seed= HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Content-Length: 28\r\n\r\n" + body

    assert send(port, octets).status == 400


def test_get_may_have_a_body_and_the_connection_stays_in_step(port: int) -> None:
    get = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 28\r\n\r\n" + ADA
    last = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(get + get + last)
        received = b""
        while piece := connection.recv(65536):
            received += piece

    assert received.count(b"HTTP/1.1 200") == 3
    assert b"HTTP/1.1 4" not in received


def test_head_has_no_body(port: int) -> None:
    head = b"HEAD /api/v1/user-query?limit=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head)
        received = b""
        while piece := connection.recv(65536):
            received += piece

    headers, _, body = received.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1.1 200")
    assert body == b""


def test_everybody_else_goes_on(stack: RunningStack, port: int, happened_before: str) -> None:
    """After all of the above each replica still takes users in, and none was restarted."""
    octets = (
        b"POST " + USERS + b"?seed=good-protocol HTTP/1.1\r\nHost: localhost\r\n" + JSON + b"Content-Length: 28\r\n\r\n"
    )

    assert send(port, octets + ADA).status == 201
    assert "instance" not in stack.happenings().removeprefix(happened_before)
