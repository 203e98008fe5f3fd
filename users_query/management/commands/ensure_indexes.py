"""`manage.py ensure_indexes`: create the indexes of the read side that are missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cqrs.errors import Unavailable
from users_query.indexes import ensure_indexes


class Command(BaseCommand):
    """Creates the indexes; running it again changes nothing."""

    help = "Create the MongoDB indexes that are missing."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        """Create them."""
        try:
            ensure_indexes()
        except Unavailable as error:
            raise CommandError(str(error)) from error
