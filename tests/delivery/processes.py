"""Starting those who publish, receive and count, each in a process of its own."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cqrs.broker import BrokerConfig
from tests.broker.member_process import MemberProcess
from tests.delivery.publishing_process import TOPIC
from tests.delivery.recorded import SHORT


class Processes:
    """Processes on the database of a broker; the logs of schedulers are in `folder`."""

    def __init__(self, config: BrokerConfig, folder: Path) -> None:
        self._folder = folder
        self._place = [config.mongo_uri, config.database]
        self._started: list[MemberProcess] = []

    def publish(self) -> MemberProcess:
        """Begin to publish."""
        return self._start("tests.delivery.publishing_process")

    def subscribe(self, group: str, how: str = "plainly", *, topic: str = TOPIC) -> MemberProcess:
        """Return a member of the group that is subscribed."""
        return self._start("tests.delivery.subscription_process", topic, group, how, says="subscribed")

    def schedule(self, *, size: int = SHORT.size, held_at: str = "nowhere") -> MemberProcess:
        """Return a scheduler of windows of `size` milliseconds, which may freeze in the middle of something."""
        log = str(self._folder / f"{len(self._started)}.log")
        return self._start("tests.delivery.scheduler_process", str(size), log, held_at, says="working")

    def logged(self) -> list[dict[str, Any]]:
        """Return what all schedulers have logged until now."""
        logs = [log.read_bytes() for log in self._folder.glob("*.log")]
        return [msgspec.json.decode(line) for log in logs for line in log.splitlines()]

    def windows_logged(self) -> list[tuple[datetime, datetime]]:
        """Return start and end of each window that a scheduler has logged, sorted."""
        totals = [line for line in self.logged() if line["message"].startswith("total: ")]
        return sorted((datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])) for one in totals)

    def close(self) -> None:
        """Kill whoever is left."""
        for process in self._started:
            process.close()

    def _start(self, program: str, *arguments: str, says: str | None = None) -> MemberProcess:
        process = MemberProcess(str(len(self._started)), program, [*self._place, *arguments])
        self._started.append(process)
        if says is not None:
            process.wait_for(says)
        return process
