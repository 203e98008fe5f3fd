"""`GET /api/v1/sample-users`: people to send to the pipeline where randomuser.me cannot be reached."""

import secrets
from datetime import UTC, datetime
from typing import Final

import msgspec
from django.http import HttpResponse

from cqrs.web.api_view import ApiRequest, ApiView
from cqrs.web.openapi import Reply, operation
from cqrs.web.query_params import parse_query
from users_command.examples import RUN, USER, answer
from users_command.sample_users.format import SampleInfo, SampleUsers
from users_command.sample_users.parameters import SampleParameters
from users_command.sample_users.people import people

SAMPLE_DATA: Final = "Sample data (no store)"


class SampleUsersView(ApiView):
    """Invents users, the same for the same seed."""

    @operation(
        tag=SAMPLE_DATA,
        summary="Invent users",
        description="In the format of randomuser.me. The same `seed`, `page` and `nat` give the same people, also when "
        "more of them are asked for; without a seed they are others each time. Ages are those of the day.",
        query=SampleParameters,
        replies={200: Reply(SampleUsers, "The people, and what gives them again")},
        problems=(400,),
        examples=[
            answer("One person", {"results": [USER], "info": {"seed": RUN, "results": 1, "page": 1, "version": "1.4"}})
        ],
    )
    def get(self, request: ApiRequest) -> HttpResponse:
        """Answer with as many people as were asked for."""
        parameters = parse_query(request, SampleParameters)
        seed = parameters.seed or secrets.token_hex(8)
        results = people(
            seed=seed,
            page=parameters.page,
            nationalities=parameters.nationalities,
            results=parameters.results,
            today=datetime.now(UTC).date(),
        )
        info = SampleInfo(seed=seed, results=parameters.results, page=parameters.page)
        # Encoded as it is: a walk through 5,000 people in search of datetimes would take as long as inventing them.
        body = msgspec.json.encode(SampleUsers(results=results, info=info))
        return HttpResponse(body, content_type="application/json")
