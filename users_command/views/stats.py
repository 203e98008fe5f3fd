"""`GET /api/v1/user-stats`: what a run measured."""

from dataclasses import replace
from http import HTTPStatus

from django.http import HttpResponse

from cqrs.context import current, use
from cqrs.eventlog.database import STORE, translated
from cqrs.web.answer import Answer
from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.query_params import parse_query
from users_command.documentation import READ_STATS
from users_command.parameters import PerhapsRun
from users_command.representation import Stats
from users_command.statistics import user_stats

# It reads every user of a run, or of all runs.
PATIENCE = 30.0


class UserStatsView(ApiView):
    """Reads totals, speed and latency per run and instance."""

    store = STORE

    @READ_STATS
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with the statistics of one run or of all."""
        seed = parse_query(request, PerhapsRun).seed
        with use(replace(current(), patience=PATIENCE)), translated():
            return Answer.json(HTTPStatus.OK, Stats(stats=user_stats(seed))).response()
