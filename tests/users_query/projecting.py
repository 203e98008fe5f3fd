"""Projecting within a test: the projector's own subscription, run until nothing is left."""

from cqrs_project.projector import users_subscription


def project_everything() -> None:
    """Carry every event that is committed into the documents, and confirm it."""
    users_subscription().drain()
