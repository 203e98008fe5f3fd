"""What Swagger UI says about the read side's operations."""

from cqrs.web.openapi import ETAG, QUERY, Reply, operation
from users_query.examples import DOCUMENT, answer
from users_query.parameters import EmailParameters, ListParameters, UserParameters
from users_query.representation import QueryUser, QueryUsers

LIST_USERS = operation(
    tag=QUERY,
    summary="List users",
    description="Newest first. Filters narrow by equality. `nextCursor`, given as `cursor` with the same filters, "
    "leads on.",
    query=ListParameters,
    replies={200: Reply(QueryUsers, "A page")},
    problems=(400, 503),
    examples=[answer("A page that is not the last", {"items": [DOCUMENT], "nextCursor": "3q2-7wAAAAA"})],
)
FIND_BY_EMAIL = operation(
    tag=QUERY,
    summary="Find user by email",
    description="The newest user with this address, narrowed by `seed`. With `minVersion` and `wait` as for one by id.",
    query=EmailParameters,
    replies={200: Reply(QueryUser, "The document", headers=(ETAG,))},
    problems=(400, 404, 503),
    examples=[answer("The document of a user", DOCUMENT)],
)
FIND_USER = operation(
    tag=QUERY,
    summary="Find user",
    description="With `minVersion` and `wait` one reads one's own write: the answer comes as soon as the document has "
    "that version, else 404 with `Retry-After`.",
    query=UserParameters,
    replies={200: Reply(QueryUser, "The document", headers=(ETAG,))},
    problems=(400, 404, 503),
    examples=[answer("The document of a user", DOCUMENT)],
)
