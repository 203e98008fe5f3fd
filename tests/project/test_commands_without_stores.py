"""A command that cannot reach its store says so in one line, beside what the drivers log."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
    "MONGODB_URI": "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=500",
}


@pytest.mark.parametrize(
    ("command", "store"),
    [
        (["user_stats"], "postgresql"),
        (["user_stats", "--json"], "postgresql"),
        (["ensure_indexes"], "mongodb"),
        (["prepare_services"], "mongodb"),
    ],
)
def test_the_line_names_the_store(command: list[str], store: str) -> None:
    run = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env={**os.environ, **NOWHERE, "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert run.returncode == 1
    # Threads of the drivers write to the log until the very end.
    said = [line for line in run.stderr.splitlines() if not line.startswith("{")]
    assert said == [f"CommandError: {store} is unavailable"]
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
