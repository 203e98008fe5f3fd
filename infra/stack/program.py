"""What the process runner has to know about one program."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to keep running. `name` is also that of its log; `environment` is added to the runner's own.

    Programs of a higher `priority` are stopped before those of a lower one; those of one `group` stop together.
    One that ends within `start_seconds` counts as not started, and after a few attempts the stack stops; supervisord
    looks once a second, so a value of less than two would miss such an end.
    """

    name: str
    command: tuple[str, ...]
    priority: int
    group: str | None = None
    run_as: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: Literal["TERM", "INT", "QUIT"] = "TERM"
    stop_seconds: int = 30
    start_seconds: int = 3
