"""Commands in processes of their own that have csbroker loaded already: loading it takes longer than most commands.

They are forked from a process that has done nothing but import it, so nothing of one command is seen by the next.
"""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path

LOADED = "cqrs.broker.csbroker.app"


def run_warm(
    arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], stdin: str, seconds: float
) -> tuple[int, str, str]:
    """Run csbroker without a terminal and return its exit code and what it wrote, as `subprocess.run` would have it.

    Raises AssertionError where it has not ended in time.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("stdin", "stdout", "stderr")]
        files[0].write_text(stdin)
        process = _context().Process(target=_command, args=(list(arguments), cwd, dict(environment), files))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
        assert process.exitcode is not None
        return process.exitcode, files[1].read_text(), files[2].read_text()


def _context() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload([LOADED])
    return context


def _command(arguments: list[str], cwd: Path, environment: dict[str, str], files: list[Path]) -> None:
    from cqrs.broker.csbroker.app import main

    for number, path in enumerate(files):
        os.dup2(os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT), number)
    # multiprocessing has put another in its place.
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it is open for as long as the process lives
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["csbroker", *arguments]
    main()
