"""Killed at any moment, csbroker leaves the former client or the new one, whole."""

import random
import shutil
import signal
import subprocess
import time

from tests.csbroker.service import Service

KILLS = 15


def test_a_kill_leaves_one_client_or_the_other(generated: Service) -> None:
    config = generated.config.read_text()
    states = [(config, generated.files())]
    generated.config.write_text(config.replace("partitions=3", "partitions=7"))
    generated.ok("generate")
    states.append((generated.config.read_text(), generated.files()))
    killed = 0

    for number in range(KILLS):
        generated.config.write_text(states[number % 2][0])
        process = generated.start("generate")
        wait_for_the_moment(generated, process, at_least=random.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL

        assert generated.files() in [files for _, files in states]

    assert killed > KILLS / 2
    generated.ok("generate")
    assert generated.run("generate", "--check").code == 0
    assert [path.name for path in (generated.folder / ".csbroker").glob("next-*")] == []


def wait_for_the_moment(service: Service, process: "subprocess.Popen[str]", at_least: float) -> None:
    """Return a little while after it has begun to write; the while is what a test varies."""
    state = service.folder / ".csbroker"
    known = {*state.glob("next-*"), *state.glob("backups/*")}
    began = None
    while process.poll() is None and (began is None or time.monotonic() - began < at_least):
        if began is None and {*state.glob("next-*"), *state.glob("backups/*")} - known:
            began = time.monotonic()


def test_a_client_that_was_set_aside_is_put_back(generated: Service) -> None:
    """Where folders cannot be exchanged, two renames do it; this is what a kill between them leaves."""
    before = generated.files()
    generated.client.rename(generated.folder / ".csbroker/former-x")
    shutil.copytree(generated.folder / ".csbroker/former-x", generated.folder / ".csbroker/next-x")
    (generated.folder / ".csbroker/next-x/topics.py").unlink()

    ended = generated.ok("generate")

    assert "up to date" in ended.err
    assert generated.files() == before
    assert {path.name for path in (generated.folder / ".csbroker").iterdir()} == {".gitignore", "lock"}


def test_two_at_once_wait_for_each_other(generated: Service) -> None:
    generated.edit(generated.config, "partitions=3", "partitions=8")
    processes = [generated.start("generate", "--json") for _ in range(4)]

    outputs = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, outputs
    assert sum('"changed": []' in out for out, _ in outputs) == 3
    assert len(generated.backups()) == 1
