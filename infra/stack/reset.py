"""Emptying the data folder: `make reset`."""

import shutil
from pathlib import Path

from infra.stack.down import stop_everything
from infra.stack.layout import Layout
from infra.stack.lock import exclusive


def reset(layout: Layout) -> None:
    """Stop the stack and remove all that it has ever written; files of others in that folder stay.

    Stores that are not embedded keep their data.
    """
    if not layout.run.exists():
        return
    with exclusive(layout, wait_seconds=60):
        stop_everything(layout)
        for path in layout.everything():
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
