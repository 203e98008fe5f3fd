"""Which problem document answers which error of the outbox."""

from cqrs.outbox.errors import NoSuchEvent, NotFailing
from cqrs.outbox.registry import UnknownOutbox
from cqrs.web.problem import CONFLICT, NOT_FOUND, register_problem


def register_outbox_problems() -> None:
    """Called once by the composition root. Raises DuplicateRegistration."""
    register_problem(UnknownOutbox, NOT_FOUND)
    register_problem(NoSuchEvent, NOT_FOUND)
    register_problem(NotFailing, CONFLICT)
