"""`manage.py run_worker NAME`: run one worker until SIGTERM or SIGINT."""

import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cqrs.context import Context, use
from cqrs.errors import SubscriptionError
from cqrs.management.workers import UnknownWorker, build_worker, worker_names
from cqrs.web.metrics import serve_metrics


class Command(BaseCommand):
    """Runs a worker in the foreground. A signal ends it after the step in progress, with exit status 0."""

    help = "Run one worker until SIGTERM or SIGINT; the step in progress is finished first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the worker's name."""
        parser.add_argument("name", help=f"one of: {', '.join(worker_names())}")

    def handle(self, *_: Any, name: str, **__: Any) -> None:
        """Run the worker."""
        try:
            worker = build_worker(name)
        except UnknownWorker as error:
            raise CommandError(str(error)) from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        if settings.METRICS_PORT is not None:
            serve_metrics(settings.METRICS_PORT)
        try:
            with use(Context(app_id=settings.APP_ID)):
                worker.run()
        except SubscriptionError as error:
            raise CommandError(str(error)) from error
