"""Temporary files of tests are in memory where there is plenty, and nothing of them stays there."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import folder_in_memory


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in its place."""
    monkeypatch.setattr(folder_in_memory, "_MEMORY", tmp_path)
    monkeypatch.setattr(folder_in_memory, "_PLENTY_BYTES", 0)
    monkeypatch.setenv("TMPDIR", os.environ.get("TMPDIR", "/tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_temporary_files_are_in_memory_until_they_are_taken_away(memory: Path) -> None:
    take_away = folder_in_memory.write_into_memory()
    file = Path(tempfile.mkdtemp()) / "file"
    file.touch()

    take_away()

    assert file.is_relative_to(memory)
    assert list(memory.iterdir()) == []


def test_what_a_killed_run_has_left_is_removed_and_what_a_running_one_has_is_not(memory: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    abandoned, in_use = memory / f"cqrs-tests-{ended.pid}", memory / f"cqrs-tests-{os.getppid()}"
    for folder in (abandoned, in_use):
        folder.mkdir()

    take_away = folder_in_memory.write_into_memory()
    take_away()

    assert list(memory.iterdir()) == [in_use]


def test_a_former_process_of_the_same_number_is_not_in_the_way(memory: Path) -> None:
    (memory / f"cqrs-tests-{os.getpid()}" / "left").mkdir(parents=True)

    take_away = folder_in_memory.write_into_memory()
    found = list(Path(tempfile.gettempdir()).iterdir())
    take_away()

    assert found == []


def test_where_there_is_not_plenty_nothing_is_changed(memory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_in_memory, "_PLENTY_BYTES", 1 << 60)
    before = os.environ["TMPDIR"]

    folder_in_memory.write_into_memory()()

    assert (os.environ["TMPDIR"], list(memory.iterdir())) == (before, [])
