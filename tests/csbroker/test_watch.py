"""watch generates after each change, and a mistake does not end it."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.csbroker.service import SECONDS, Service, next_line, stop


@contextmanager
def watching(service: Service) -> Iterator["subprocess.Popen[str]"]:
    process = service.start("watch", "--json")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_generates_at_once_and_after_each_change(service: Service) -> None:
    with watching(service) as process:
        first = next_line(process)
        service.edit(service.config, "partitions=3", "partitions=6")
        second = next_line(process)
        out, err = stop(process)

        assert first["event"] == "generated"
        assert "config.py" in second["changed"]
        assert second["backup"] in service.backups()
        assert (process.returncode, out) == (0, "")
        assert "Traceback" not in err


def test_it_survives_mistakes(service: Service) -> None:
    with watching(service) as process:
        next_line(process)
        service.edit(service.config, "partitions=3", "partitions=0")
        mistake = next_line(process)
        service.payloads.rename(service.folder / "away.py")
        missing = next_line(process)
        (service.folder / "away.py").rename(service.payloads)
        again = next_line(process)
        service.edit(service.config, "partitions=0", "partitions=9")
        mended = next_line(process)

        assert mistake["event"] == "failed"
        assert mistake["errors"][0].startswith("change-stream/config.py:17: partitions must be")
        assert "message_payload.py is missing" in missing["errors"][0]
        assert again["event"] == "failed"
        assert mended["event"] == "generated"


def test_sigterm_ends_it_as_ctrl_c_does(service: Service) -> None:
    with watching(service) as process:
        next_line(process)

        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)

        assert process.returncode == 0
