"""A process whose threads convert to types that nobody has converted to before, all at the same moment.

Its own, since it may well be killed: `python -m tests.core.converting_at_once converted|convert`.
"""

import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec

from cqrs.conversion import converted

TYPES, THREADS = 200, 8
# Annotations as text are looked up by Python code, in which another thread may come in between.
SOURCE = """
from msgspec import Meta, Struct
from typing import Annotated

class Inner(Struct, frozen=True, kw_only=True):
    name: "Annotated[str, Meta(max_length=9)]" = ""
    number: "int | None" = None
    tags: "list[str] | None" = None

class Outer(Struct, frozen=True, kw_only=True):
    title: "Annotated[str, Meta(min_length=1)]"
    inner: "Inner | None" = None
    many: "list[Inner]" = []
"""
VALUE = {"title": "x", "inner": {"name": "y", "tags": ["z"]}, "many": [{"number": 1}]}


def new_type(number: int) -> type[Any]:
    """Return a type that was never converted to."""
    module = ModuleType(f"new_{number}")
    sys.modules[module.__name__] = module
    exec(SOURCE, module.__dict__)
    outer: type[Any] = module.__dict__["Outer"]
    return outer


def convert_at_once(convert: Callable[[object, type[Any]], Any], kind: type[Any]) -> int:
    """Have all threads convert at once; return how many did."""
    together = threading.Barrier(THREADS)
    done: list[Any] = []

    def run() -> None:
        together.wait()
        done.append(convert(VALUE, kind))

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len([one for one in done if one.many[0].number == 1])


def main() -> None:
    """Print how many conversions have come to their end."""
    ways: dict[str, Callable[[object, type[Any]], Any]] = {"converted": converted, "convert": msgspec.convert}
    convert = ways[sys.argv[1]]
    # Threads change places as often as they can.
    sys.setswitchinterval(1e-6)
    print(sum(convert_at_once(convert, new_type(number)) for number in range(TYPES)))


if __name__ == "__main__":
    main()
