"""`manage.py prepare_services`: create the topics and indexes of the services that are missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cqrs.errors import Unavailable
from cqrs_project.services import prepare_services


class Command(BaseCommand):
    """Creates them; running it again changes nothing."""

    help = "Create the topics and MongoDB indexes of the services that are missing."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        """Create them."""
        try:
            prepare_services()
        except Unavailable as error:
            raise CommandError(str(error)) from error
