"""Load on the stack: requests sent over a number of connections that are kept alive, each exactly once or in rounds."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from benchmarks.errors import BenchmarkError
from benchmarks.python_load import send_with_python
from infra.stack.errors import ProgramMissing
from infra.stack.system_package import require

_SCRIPT = Path(__file__).with_name("replay.lua")
_LONGEST_RUN_SECONDS = 600


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the requests. Times of day are Unix seconds, percentiles of the answer times milliseconds.

    `failed` counts statuses from 400 on, broken connections and timeouts; `last_answer` is 0 where requests went round.
    """

    sent: int
    answered: int
    failed: int
    first_request: float
    last_answer: float
    seconds: float
    p50: float
    p95: float
    p99: float
    generator: str = "wrk"


def post(url: str, body: bytes) -> bytes:
    """Return the bytes of a POST of JSON to `url`."""
    return _with_body("POST", url, body)


def put(url: str, body: bytes) -> bytes:
    """Return the bytes of a PUT of JSON to `url`."""
    return _with_body("PUT", url, body)


def get(url: str) -> bytes:
    """Return the bytes of a GET of `url`."""
    parts = urlsplit(url)
    return f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()


def send_once(base_url: str, requests: Sequence[bytes], *, connections: int) -> Answered:
    """Send each request exactly once, in order, and return when all are answered.

    With wrk where it can be had, since it costs the least of the processor that the stack needs; else with Python.
    Raises BenchmarkError where wrk fails.
    """
    try:
        require("wrk")
    except ProgramMissing:
        return Answered(**send_with_python(base_url, requests, connections), generator="python")
    return _run_wrk(base_url, requests, "once", connections, _LONGEST_RUN_SECONDS)


def send_round(base_url: str, requests: Sequence[bytes], *, connections: int, seconds: int) -> Answered:
    """Send the requests round and round for a time. Raises ProgramMissing, and BenchmarkError where wrk fails."""
    require("wrk")
    return _run_wrk(base_url, requests, "round", connections, seconds)


def _with_body(method: str, url: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    head = (
        f"{method} {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _run_wrk(base_url: str, requests: Sequence[bytes], mode: str, connections: int, seconds: int) -> Answered:
    with tempfile.NamedTemporaryFile(prefix="cqrs-requests-") as file:
        for request in requests:
            file.write(b"%d\n%b" % (len(request), request))
        file.flush()
        options = ["--threads=1", f"--connections={connections}", f"--duration={seconds}", "--timeout=60"]
        arguments = [file.name, mode, str(connections)]
        completed = subprocess.run(
            ["wrk", *options, f"--script={_SCRIPT}", base_url, "--", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    report = completed.stdout.rstrip().rpartition("\n")[2]
    if not report.startswith("{"):
        raise BenchmarkError(f"wrk failed: {completed.stderr or completed.stdout}")
    return msgspec.json.decode(report, type=Answered)
