"""`Retry-After` (RFC 9110, section 10.2.3): how long whoever answers wants to be left alone."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Seconds. An answer must not be able to switch the delivery off for good.
LONGEST = 300.0
_MOST_DIGITS = 9


def seconds_until_retry(header: str | None, *, now: datetime) -> float | None:
    """Return the seconds to wait, from 0 to `LONGEST`; None where the header is missing or says nothing readable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return LONGEST if len(text) > _MOST_DIGITS else min(float(text), LONGEST)
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max((moment - now).total_seconds(), 0.0), LONGEST)
    except (ValueError, OverflowError):
        return None
