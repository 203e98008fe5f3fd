"""The workers that an application has, by name: the composition root registers them, `run_worker` runs one."""

from collections.abc import Callable

from cqrs.errors import CqrsError, DuplicateRegistration
from cqrs.worker import Worker

_workers: dict[str, Callable[[], Worker]] = {}


class UnknownWorker(CqrsError):
    """No worker of this name is registered."""

    def __init__(self, name: str) -> None:
        self.name = name
        known = ", ".join(sorted(_workers)) or "none"
        super().__init__(f"there is no worker {name!r}; known: {known}")


def register_worker(name: str, build: Callable[[], Worker]) -> None:
    """Let `run_worker NAME` run what `build` returns. Raises DuplicateRegistration."""
    if name in _workers:
        raise DuplicateRegistration(f"the worker {name!r}")
    _workers[name] = build


def build_worker(name: str) -> Worker:
    """Return a new worker. Raises UnknownWorker."""
    if name not in _workers:
        raise UnknownWorker(name)
    return _workers[name]()


def worker_names() -> list[str]:
    """Return the names of all workers, sorted."""
    return sorted(_workers)
