"""The dead letters of a shard that should be tried again: one after the other, beside the changes that come."""

import threading
import time
from collections.abc import Callable, Iterable

import msgspec
import pymongo

from cqrs.broker import dead_letters
from cqrs.broker.dead_letters import DeadLetter
from cqrs.broker.failing import Attempts, Failure
from cqrs.broker.positions import Claim
from cqrs.broker.transaction import in_transaction
from cqrs.changefeed.change import Change
from cqrs.changefeed.circumstances import Circumstances
from cqrs.changefeed.filtering import Filter, Passed
from cqrs.changefeed.hands import Hands
from cqrs.changefeed.letters import change_of_letter, lacks_document, was_refused

STORE_SECONDS = 5.0


class LetterCare:
    """Tends one letter at a time. `released` is told which keys have letters still, once all wanted are tried.

    Its methods raise Fenced and Unavailable.
    """

    def __init__(
        self,
        circumstances: Circumstances,
        claim: Claim,
        *,
        may_handle: Callable[[], bool],
        signal: threading.Event,
        held: Callable[[Iterable[str]], None],
        given_up: Callable[[Change, Failure], None],
    ) -> None:
        self._its = circumstances
        self._claim = claim
        self._may_handle = may_handle
        self._filter = Filter(circumstances.feed, circumstances.database)
        self._hands: Hands[DeadLetter] = Hands(circumstances, may_handle=may_handle, signal=signal)
        self._held = held
        self._given_up = given_up
        # What an earlier owner has begun and not finished.
        self._is_wanted = True
        self._letter: DeadLetter | None = None
        self._attempts: Attempts | None = None
        self._answer: Exception | None = None
        self._state = "idle"
        self._due = 0.0

    def want(self) -> None:
        """Look for letters that should be tried again."""
        self._is_wanted = True

    @property
    def is_busy(self) -> bool:
        """Whether the handler has a letter in hand."""
        return self._hands.busy > 0

    @property
    def due(self) -> float | None:
        """The monotonic time at which there is something to do without a signal."""
        return self._due if self._state == "resting" else None

    def tend(self) -> None:
        """Do what can be done now."""
        for outcome in self._hands.outcomes():
            self._state = "back" if outcome.was_called else "resting"
            self._answer = outcome.error
        if self._state == "back":
            self._settle()
        if self._state == "idle" and self._is_wanted and self._may_handle():
            self._look()
        if self._state == "resting" and time.monotonic() >= self._due and self._may_handle():
            self._try()

    def let_go(self) -> None:
        """Take note that the handler is done with it, and do nothing: the shard is lost."""
        self._hands.outcomes()

    def _look(self) -> None:
        self._is_wanted = False
        try:
            with pymongo.timeout(STORE_SECONDS):
                letter = dead_letters.next_to_retry(self._its.store, self._claim)
                if letter is None:
                    self._held(dead_letters.held_keys(self._its.store, self._claim))
                    return
        except BaseException:
            self._is_wanted = True
            raise
        policy = self._its.feed.retry
        self._letter = letter
        self._attempts = Attempts(policy, letter.record, on_error=None, log=self._its.log)
        self._state, self._due = "resting", 0.0

    def _try(self) -> None:
        assert self._letter is not None
        change = change_of_letter(self._letter)
        if lacks_document(self._letter):
            with pymongo.timeout(STORE_SECONDS):
                found = self._its.database[self._its.feed.collection].find_one({"_id": change.document_id})
            change = msgspec.structs.replace(change, document=found)
        passed = self._filter.passing([change])[0] if was_refused(self._letter) else Passed(change=change)
        if passed.change is None or passed.refusal is not None:
            self._state, self._answer = "back", passed.refusal
            self._settle()
            return
        self._state = "in hand"
        self._hands.hand_over(self._letter, [passed.change])

    def _settle(self) -> None:
        """Store what came of it; called again where the store cannot be reached."""
        assert self._letter is not None
        assert self._attempts is not None
        letter, store = self._letter, self._its.store
        if self._answer is None:
            in_transaction(store, lambda session: dead_letters.settle(store, self._claim, letter, session=session))
            self._next()
            return
        answer = self._attempts.failed(self._answer)
        if isinstance(answer, Failure):
            dead_letters.park_again(store, self._claim, letter, answer)
            self._given_up(change_of_letter(letter), answer)
            self._next()
        else:
            self._state, self._due = "resting", time.monotonic() + answer

    def _next(self) -> None:
        self._state, self._is_wanted = "idle", True
        self._letter = self._attempts = self._answer = None
