"""What has to be done to the stores before the application runs: migrations, indexes, topics of the broker."""

import subprocess
import sys
from collections.abc import Mapping

from infra.stack.errors import ProgramFailed
from infra.stack.layout import REPOSITORY, Layout
from infra.stack.log_end import last_lines

_COMMANDS = (("migrate", "--noinput"), ("ensure_indexes",), ("prepare_services",))


def prepare_stores(layout: Layout, environment: Mapping[str, str]) -> None:
    """Bring both stores to the state that this version of the application expects.

    Raises ProgramFailed with the end of the output of the command that failed.
    """
    running = {arguments: _start(arguments, layout, environment) for arguments in _COMMANDS}
    try:
        for process in running.values():
            process.wait()
    finally:
        for process in running.values():
            process.kill()
    for (command, *_), process in running.items():
        if process.returncode != 0:
            log = layout.log_of(command)
            raise ProgramFailed(f"manage.py {command}", "failed", log, last_lines(log))


def _start(arguments: tuple[str, ...], layout: Layout, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(REPOSITORY / "manage.py"), *arguments]
    with layout.log_of(arguments[0]).open("w") as output:
        return subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
