"""How long windows were when: another setting holds from the next window on, what is counted keeps its bounds."""

from collections.abc import Iterator

import msgspec

from cqrs.delivery.window import Windowing


class Sized(msgspec.Struct, frozen=True, kw_only=True):
    """From `since` on windows are `size` long; both are milliseconds."""

    since: int
    size: int


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Whole windows of one size, from `start` until `end`."""

    start: int
    end: int
    windowing: Windowing


def resized(sizes: tuple[Sized, ...], *, since: int, size: int) -> tuple[Sized, ...]:
    """Return the sizes where windows are `size` long from `since` on, which is not before any of them."""
    if sizes and sizes[-1].size == size:
        return sizes
    return (*(one for one in sizes if one.since < since), Sized(since=since, size=size))


def stretches(sizes: tuple[Sized, ...], *, oldest: int, until: int) -> Iterator[Stretch]:
    """Yield the windows that begin at `oldest` or later and end by `until`, which is the end of one."""
    ends = [*(one.since for one in sizes[1:]), until]
    for one, end in zip(sizes, ends, strict=True):
        windowing = Windowing(size=one.size, grace=0)
        start = one.since if one.since >= oldest else -(-oldest // one.size) * one.size
        if start < end:
            yield Stretch(start=start, end=end, windowing=windowing)
