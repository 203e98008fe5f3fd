"""`manage.py purge_idempotency_keys`: delete the kept answers that are older than a day."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cqrs.web.idempotency import purge_expired_keys


class Command(BaseCommand):
    """Deletes in small transactions, so that it can run beside the replicas at any time."""

    help = "Delete idempotency keys, and the answers kept with them, that are older than 24 hours."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--batch`: how many a transaction."""
        parser.add_argument("--batch", type=int, default=1_000, help="keys deleted in one transaction (default 1000)")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Delete until none are left and say how many there were."""
        total = 0
        while deleted := purge_expired_keys(options["batch"]):
            total += deleted
        self.stdout.write(f"{total} expired idempotency keys deleted")
