"""`Retry-After` is honoured in both of its forms, and only so far."""

from datetime import UTC, datetime

import pytest

from cqrs.webhooks.errors import InvalidSecret
from cqrs.webhooks.retry_after import LONGEST, seconds_until_retry
from cqrs.webhooks.signature import signing_key

NOW = datetime(2026, 11, 21, 8, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("١٢", None),
        ("Sat, 99 Nov 2026 08:00:30 GMT", None),
        ("0", 0),
        (" 7 ", 7),
        ("299", 299),
        ("301", LONGEST),
        ("9" * 5000, LONGEST),
        ("Sat, 21 Nov 2026 08:00:30 GMT", 30),
        ("Saturday, 21-Nov-26 08:00:30 GMT", 30),
        ("Sat Nov 21 08:00:30 2026", 30),
        ("Sat, 21 Nov 2026 07:00:00 GMT", 0),
        ("Sat, 21 Nov 2099 08:00:30 GMT", LONGEST),
    ],
)
def test_it_says_how_long_to_wait(header: str | None, seconds: float | None) -> None:
    assert seconds_until_retry(header, now=NOW) == seconds


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_§", "whsec_" + "A" * 100]
)
def test_no_wrong_secret_is_taken(secret: str) -> None:
    with pytest.raises(InvalidSecret) as refused:
        signing_key(secret)

    assert refused.value.__cause__ is None
