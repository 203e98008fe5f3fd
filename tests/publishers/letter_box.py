"""The dead letters of a service, as an operator sees them."""

from nats.aio.client import Client

from cqrs.publishers.jetstream import letters
from cqrs.publishers.jetstream.letters import Letter
from cqrs.publishers.jetstream.link import Link
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.testing.waiting import wait_until


class LetterBox:
    """Looks at letters, wishes that they are tried again, removes them."""

    def __init__(self, settings: ListenerSettings) -> None:
        self._settings = settings
        self._link = Link(settings.jetstream.servers, name="operator")

    def letters(self) -> list[Letter]:
        """Return all letters, oldest first."""
        return self._link.call(self._read, seconds=10)

    def wait_for(self, count: int) -> list[Letter]:
        """Return the letters as soon as there are so many."""
        wait_until(lambda: len(self.letters()) == count, f"{count} letters are there", seconds=30)
        return self.letters()

    def wish(self, subject: str) -> None:
        """Have the letters of a subject tried again."""
        self._link.call(lambda client: letters.wish(client, self._settings, subject), seconds=5)

    def remove(self, number: int) -> None:
        """Remove a letter for good."""
        assert self._link.call(lambda client: letters.remove(client, self._settings, number), seconds=5)

    def close(self) -> None:
        self._link.close()

    async def _read(self, client: Client) -> list[Letter]:
        found: list[Letter] = []
        number = 0
        while letter := await letters.letter_after(client, self._settings, number, f"{self._settings.letter_prefix}>"):
            found.append(letter)
            number = letter.number
        return found
