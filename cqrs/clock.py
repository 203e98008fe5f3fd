"""The clock, cut to what both stores can hold."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment in UTC, cut to the millisecond: MongoDB keeps no more."""
    return cut(datetime.now(UTC))


def cut(moment: datetime) -> datetime:
    """Return `moment` in UTC without what is below a millisecond."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
