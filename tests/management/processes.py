"""The project's commands as processes of their own, on the databases of the tests."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

from django.db import connection

from infra.stack.layout import REPOSITORY

SECONDS = 60


def environment(**variables: str) -> dict[str, str]:
    """Return the variables of a process that works on the tests' databases."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    return {**os.environ, "DATABASE_URL": address, "LOG_FORMAT": "json", **variables}


def manage(*arguments: str, **variables: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Run `manage.py` beside the block; it is killed at the end, wherever it has got to."""
    return _beside("manage.py", *arguments, **variables)


def hurried_rebuild(pause_seconds: float, **variables: str) -> AbstractContextManager[subprocess.Popen[str]]:
    """Run `manage.py rebuild_projection users` as `manage` does, with another pause before the swap."""
    module = ("-m", "tests.management.hurried_rebuild", str(pause_seconds))
    return _beside(*module, DJANGO_SETTINGS_MODULE="cqrs_project.settings", **variables)


def managed(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` to its end; its status is not checked."""
    with manage(*arguments, **variables) as process:
        out, err = process.communicate(timeout=SECONDS)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def said(stderr: str) -> list[str]:
    """The lines of a command that are none of its log, which threads of the drivers write to until the very end."""
    return [line for line in stderr.splitlines() if not line.startswith("{")]


@contextmanager
def _beside(*arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        # Also one that is stopped.
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=SECONDS)
