"""The stage: the working files as they were when the client was generated. They stand in the client as they were."""

import difflib
import io
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from cqrs.broker.csbroker.atomic_write import write_atomically
from cqrs.broker.csbroker.backups import kept_versions
from cqrs.broker.csbroker.errors import InvalidArgument, NothingGenerated, Refused
from cqrs.broker.csbroker.folder import NAME, WORKING_FILES, Folder

NO_END_OF_LINE = "\n\\ No newline at end of file\n"


class WorkingState(StrEnum):
    """How a working file stands to its stage."""

    EQUAL = "equal"
    DIFFERENT = "different"
    MISSING = "missing"


class StagedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A working file as it was when the client was generated, and how it stands now."""

    name: str
    content: str
    working: WorkingState


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """A working file that was, or with a dry run would be, overwritten with its stage."""

    name: str
    diff: str


def staged_files(folder: Folder, names: Sequence[str] = ()) -> list[StagedFile]:
    """Return the staged files, or those named. Raises NothingGenerated, InvalidArgument."""
    return [
        StagedFile(name=name, content=_text(_staged(folder, name)), working=_working_state(folder, name))
        for name in _chosen(names)
    ]


def difference(folder: Folder, names: Sequence[str] = ()) -> str:
    """Return a unified diff from the stage to the working files; empty where they are equal.

    Raises NothingGenerated, InvalidArgument.
    """
    return "".join(
        _unified(
            before=_staged(folder, name),
            after=_working(folder, name),
            names=(str(folder.shown(folder.client / name)), f"{NAME}/{name}"),
        )
        for name in _chosen(names)
    )


def apply_stage(folder: Folder, names: Sequence[str] = (), *, dry_run: bool, force: bool) -> list[Applied]:
    """Overwrite the working files, or those named, with the stage, and return those that differed.

    Raises Refused, unless with `force`, where a working file has content that neither the stage nor a backup holds:
    nothing is overwritten then. Raises NothingGenerated, InvalidArgument.
    """
    different = [name for name in _chosen(names) if _staged(folder, name) != _working(folder, name)]
    kept_nowhere = [name for name in different if _would_be_lost(folder, name)]
    if kept_nowhere and not force and not dry_run:
        raise Refused(
            f"{', '.join(kept_nowhere)}: edited since the last generate, and no backup holds the edit; --force drops it"
        )
    applied = [Applied(name=name, diff=_change(folder, name)) for name in different]
    if not dry_run:
        for name in different:
            write_atomically(folder.path / name, _staged(folder, name))
    return applied


def _chosen(names: Sequence[str]) -> list[str]:
    chosen = {name.removeprefix("./").removeprefix(f"{NAME}/") for name in names}
    if unknown := chosen - set(WORKING_FILES):
        raise InvalidArgument(f"{', '.join(sorted(unknown))}: the stage holds {' and '.join(WORKING_FILES)} only")
    return [name for name in WORKING_FILES if name in chosen or not chosen]


def _staged(folder: Folder, name: str) -> bytes:
    path = folder.client / name
    if not path.is_file():
        raise NothingGenerated(folder.shown(path))
    return path.read_bytes()


def _working(folder: Folder, name: str) -> bytes:
    path = folder.path / name
    return path.read_bytes() if path.is_file() else b""


def _working_state(folder: Folder, name: str) -> WorkingState:
    if not (folder.path / name).is_file():
        return WorkingState.MISSING
    return WorkingState.EQUAL if _staged(folder, name) == _working(folder, name) else WorkingState.DIFFERENT


def _would_be_lost(folder: Folder, name: str) -> bool:
    working = folder.path / name
    return working.is_file() and working.read_bytes() not in kept_versions(folder, name)


def _change(folder: Folder, name: str) -> str:
    working = f"{NAME}/{name}"
    return _unified(before=_working(folder, name), after=_staged(folder, name), names=(working, working))


def _unified(*, before: bytes, after: bytes, names: tuple[str, str]) -> str:
    lines = difflib.unified_diff(_lines(before), _lines(after), names[0], names[1])
    return "".join(line if line.endswith("\n") else line + NO_END_OF_LINE for line in lines)


def _lines(content: bytes) -> list[str]:
    # Unlike splitlines it breaks at \n alone, as every other tool does.
    return io.StringIO(_text(content), newline="\n").readlines()


def _text(content: bytes) -> str:
    return content.decode(errors="replace")
