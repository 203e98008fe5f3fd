"""When the processes of the application look for garbage: not while they load, seldom afterwards."""

import subprocess
import sys

import pytest
from django.conf import settings

from cqrs_project.garbage import YOUNG

# Whether it looks at all, after how many objects, and whether it leaves out what was loaded.
SHOW = "print(gc.isenabled(), gc.get_threshold()[0], gc.get_freeze_count() > 50_000)"
GUNICORN = f"""
import gc, os, django
from cqrs_project import gunicorn
os.environ.pop("METRICS_PORT", None)
gunicorn.post_fork(None, None)
print(gc.isenabled())
django.setup()
gunicorn.post_worker_init(None)
{SHOW}
"""


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (["manage.py", "shell", "--no-imports", "-c", f"import gc; {SHOW}"], [f"True {YOUNG} True"]),
        (["-c", GUNICORN], ["False", f"True {YOUNG} True"]),
    ],
    ids=["a command", "a replica"],
)
def test_a_process_looks_seldom_for_garbage_and_never_among_what_it_has_loaded(
    command: list[str], shown: list[str]
) -> None:
    run = subprocess.run(
        [sys.executable, *command], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=120
    )

    assert (run.stdout.splitlines(), run.stderr) == (shown, "")
