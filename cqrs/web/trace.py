"""W3C trace context: read, continued and written as the `traceparent` header."""

import random
import re
from typing import Final

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED: Final = 1


def continue_trace(header: str | None) -> str:
    """A `traceparent` for the work done here: the caller's trace with a span of our own, or a new trace.

    A missing or malformed header starts a new one, as the specification asks.
    """
    flags = _SAMPLED
    trace_id = None
    if header and (match := _TRACEPARENT.fullmatch(header.strip())) and _is_valid(match):
        trace_id = match[2]
        flags = int(match[4], 16) & _SAMPLED
    # They are to differ, not to be secret: asking the system for each costs a request a fiftieth of its time.
    ids = f"{random.getrandbits(192):048x}"
    return f"00-{trace_id or ids[16:]}-{ids[:16]}-{flags:02x}"


def trace_id(traceparent: str) -> str:
    """The 32 hexadecimal digits that all spans of a trace share."""
    return traceparent[3:35]


def _is_valid(match: re.Match[str]) -> bool:
    version, trace, parent, _, more = match.groups()
    if version == "ff" or not trace.strip("0") or not parent.strip("0"):
        return False
    # Version 00 ends here; later ones may carry more fields, which a reader of 00 leaves aside.
    return version != "00" or more is None
