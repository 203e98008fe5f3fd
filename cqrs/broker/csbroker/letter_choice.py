"""Dead letters as they are chosen on the command line: by id, or all of a group, a topic or a key."""

from collections.abc import Sequence

import msgspec

from cqrs.broker import dead_letters
from cqrs.broker.csbroker.errors import CsbrokerError, InvalidArgument
from cqrs.broker.dead_letters import DeadLetter
from cqrs.broker.store import Store

ALL = 0


class UnknownLetter(CsbrokerError):
    """There is no dead letter with this id (any more)."""

    def __init__(self, letter_id: str) -> None:
        self.letter_id = letter_id
        super().__init__(f"there is no dead letter {letter_id!r}")


class LetterChoice(msgspec.Struct, frozen=True, kw_only=True):
    """Ids, or what all chosen letters have in common."""

    ids: Sequence[str] = ()
    group: str | None = None
    topic: str | None = None
    key: str | None = None

    def require_one_way(self) -> None:
        """Return where something is chosen, in one of the two ways. Raises InvalidArgument."""
        in_bulk = (self.group, self.topic, self.key) != (None, None, None)
        if in_bulk and self.group is None:
            raise InvalidArgument("name the group as well: --group")
        if bool(self.ids) == in_bulk:
            raise InvalidArgument("name dead letters by their ids, or choose them with --group, --topic and --key")

    def letters(self, store: Store) -> list[DeadLetter]:
        """Return the chosen letters. Raises UnknownLetter, Unavailable."""
        if self.ids:
            return [letter_of(store, letter_id) for letter_id in self.ids]
        return dead_letters.listing(store, group=self.group, topic=self.topic, key=self.key, limit=ALL)


def letter_of(store: Store, letter_id: str) -> DeadLetter:
    """Return one letter. Raises UnknownLetter, Unavailable."""
    letter = dead_letters.get(store, letter_id)
    if letter is None:
        raise UnknownLetter(letter_id)
    return letter


def retry_chosen(store: Store, choice: LetterChoice) -> int:
    """Have the chosen parked letters tried again, and return how many. Raises UnknownLetter, Unavailable."""
    return sum(
        dead_letters.retry(store, group=letter.group, topic=letter.record.topic, letter_id=letter.id)
        for letter in choice.letters(store)
        if letter.state == "parked"
    )


def discard_chosen(store: Store, choice: LetterChoice) -> int:
    """Give the chosen letters up for good, and return how many. Raises UnknownLetter, Unavailable."""
    letters = choice.letters(store)
    # The later ones first: discarding a parked one has the next of its key tried, which should not be one of these.
    letters.sort(key=lambda letter: (letter.group, letter.record.topic, letter.record.partition, -letter.record.offset))
    return sum(dead_letters.discard(store, letter.id) for letter in letters)
