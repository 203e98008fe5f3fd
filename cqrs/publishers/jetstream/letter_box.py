"""The dead letters of a listener for operators: look at them, have them tried again, discard them."""

from collections.abc import Iterator

from nats.aio.client import Client

from cqrs.publishers.jetstream import letters
from cqrs.publishers.jetstream.errors import JetStreamError
from cqrs.publishers.jetstream.letters import Letter
from cqrs.publishers.jetstream.link import Link
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.publishers.jetstream.stream import ensure_stream

SECONDS = 10.0


class NoLetter(JetStreamError):
    """There is no letter of this number."""

    def __init__(self, service: str, number: int) -> None:
        self.service = service
        self.number = number
        super().__init__(f"{service!r} has no letter {number}")


class LetterBox:
    """The letters of one service. Its listeners need not run, but only they try letters again.

    Every method raises Unavailable where NATS cannot be reached.
    """

    def __init__(self, settings: ListenerSettings) -> None:
        self._settings = settings
        self._link = Link(settings.jetstream.servers, name=f"{settings.jetstream.client_id}-letters")

    def all(self, subject: str | None = None) -> Iterator[Letter]:
        """Yield the letters, oldest first, all of them or those of one subject."""
        wanted = f"{self._settings.letter_prefix}{subject or '>'}"
        number = 0
        while letter := self._after(number, wanted):
            yield letter
            number = letter.number

    def find(self, number: int) -> Letter:
        """Return a letter. Raises NoLetter."""
        letter = self._after(number - 1, f"{self._settings.letter_prefix}>")
        if letter is None or letter.number != number:
            raise NoLetter(self._settings.service, number)
        return letter

    def retry(self, subject: str) -> None:
        """Have a listener try the letters of a subject again, in order, up to one that fails again."""

        async def wish(client: Client) -> None:
            await ensure_stream(client, self._settings.letters)
            await letters.wish(client, self._settings, subject)

        self._link.call(wish, seconds=SECONDS)

    def discard(self, number: int) -> Letter:
        """Remove a letter for good and have what waited behind it tried. Returns it. Raises NoLetter."""
        letter = self.find(number)
        if not self._link.call(lambda client: letters.remove(client, self._settings, number), seconds=SECONDS):
            raise NoLetter(self._settings.service, number)
        self.retry(letter.subject)
        return letter

    def close(self) -> None:
        """Give back the connection."""
        self._link.close()

    def _after(self, number: int, subject: str) -> Letter | None:
        return self._link.call(
            lambda client: letters.letter_after(client, self._settings, number, subject), seconds=SECONDS
        )
