"""Users that are sent through nginx by several threads at once, each again and again until it is answered."""

import http.client
import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

GIVE_UP_SECONDS = 60
PAUSE = 0.05


@dataclass
class Population:
    """`size` users of one run. Entering the context starts to send them; leaving it waits for the last answer.

    `accepted` maps the login of each user that was answered with 201 or 200 to its id. `failures` counts the attempts
    that ended in an error, which a client repeats: the login makes that safe. No more than `limit` are sent before
    `send_up_to` raises it.
    """

    base_url: str
    seed: str
    size: int
    senders: int = 8
    limit: int | None = None
    accepted: dict[str, str] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    failures: int = 0

    def __post_init__(self) -> None:
        self._logins = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.seed}/{number}")) for number in range(self.size)]
        self._changed = threading.Condition()
        self._begun = 0
        self._threads = [threading.Thread(target=self._send_share, args=(share,)) for share in range(self.senders)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.send_up_to(self.size)
        for thread in self._threads:
            thread.join()
        if kind is None:
            assert len(self.accepted) == self.size, f"{self.size - len(self.accepted)} users were never answered"

    def send_up_to(self, limit: int) -> None:
        """Raise the limit."""
        with self._changed:
            self.limit = limit
            self._changed.notify_all()

    def wait_for(self, accepted: int) -> None:
        """Return when so many users are accepted."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.accepted) >= accepted, GIVE_UP_SECONDS)

    def _send_share(self, share: int) -> None:
        for login in self._logins[share :: self.senders]:
            self._wait_for_leave()
            self._send(login)

    def _wait_for_leave(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._begun < (self.size if self.limit is None else self.limit))
            self._begun += 1

    def _send(self, login: str) -> None:
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            user_id = self._attempt(login)
            with self._changed:
                if user_id is not None:
                    self.accepted[login] = user_id
                    self._changed.notify_all()
                    return
                self.failures += 1
            time.sleep(PAUSE)

    def _attempt(self, login: str) -> str | None:
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=20)
        body = json.dumps({"email": f"{login}@example.org", "login": {"uuid": login}})
        try:
            connection.request(
                "POST", f"/api/v1/user-command?seed={self.seed}", body, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            content = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()
        if answer.status in {http.HTTPStatus.CREATED, http.HTTPStatus.OK}:
            return str(content["id"])
        if answer.status not in {502, 503, 504}:
            self.contradictions.append(f"{login}: {answer.status} {content}")
        return None
