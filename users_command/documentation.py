"""What Swagger UI says about the write side's operations."""

from cqrs.web.openapi import COMMAND, ETAG, IDEMPOTENCY_KEY, IF_MATCH, LOCATION, REPLAYED, Reply, operation
from users_command.examples import ACCEPTED, KNOWN_USER, REJECTED, RUN, STAGES, STATS, USER, USER_ID, answer, request
from users_command.history import History
from users_command.parameters import PerhapsRun, Run
from users_command.representation import AcceptedUser, BulkResult, CommandUser, Stats
from users_command.serializers import UserIn

NDJSON = "application/x-ndjson"
MERGE_PATCH = "application/merge-patch+json"

BULK_BODY = {
    "oneOf": [
        {"type": "array", "maxItems": 5000, "items": {"$ref": "#/components/schemas/UserIn"}},
        {
            "type": "object",
            "description": "A whole response of randomuser.me",
            "required": ["results"],
            "properties": {
                "results": {"type": "array", "maxItems": 5000, "items": {"$ref": "#/components/schemas/UserIn"}},
                "info": {"type": "object", "properties": {"seed": {"type": "string"}}},
            },
        },
    ]
}

CREATE_USER = operation(
    tag=COMMAND,
    summary="Create user",
    description="Only `email` is required. The same `login.uuid` under the same seed is the same user: sent again, it "
    "is answered with 200 and stores nothing. Passwords and their hashes are dropped. Answered after the commit.",
    query=Run,
    body={"application/json": UserIn},
    replies={
        201: Reply(AcceptedUser, "Stored; the read side follows", headers=(LOCATION, ETAG)),
        200: Reply(AcceptedUser, "This user was there already", headers=(LOCATION, ETAG, REPLAYED)),
    },
    problems=(400, 409, 411, 413, 415, 422, 503),
    headers=(IDEMPOTENCY_KEY,),
    examples=[
        request("Only what is required", {"email": "ada@example.org"}),
        request("A user as randomuser.me sends it", USER),
        answer("A new user", ACCEPTED, 201),
        answer("A user that is known", {**ACCEPTED, "status": "SYNCHRONIZED"}),
    ],
)
CREATE_USERS = operation(
    tag=COMMAND,
    summary="Create users in bulk",
    description="Up to 5,000: an array of users, a whole randomuser.me response (its `info.seed` is the seed unless "
    "the query names one), or a user a line. Valid users are stored in one transaction, the others are reported by "
    "their index.",
    query=PerhapsRun,
    body={"application/json": BULK_BODY, NDJSON: {"type": "string"}},
    replies={200: Reply(BulkResult, "What became of them")},
    problems=(400, 409, 411, 413, 415, 422, 503),
    headers=(IDEMPOTENCY_KEY,),
    examples=[
        request("Two users", [{"email": "a@example.org"}, {"email": "b@example.org"}]),
        request("A response of randomuser.me", {"results": [USER], "info": {"seed": RUN}}),
        request("A user a line", '{"email": "a@example.org"}\n{"email": "b@example.org"}\n', NDJSON),
        answer("One is stored, one refused", {"seed": RUN, "created": 1, "replayed": 0, "rejected": [REJECTED]}),
    ],
)
READ_USER = operation(
    tag=COMMAND,
    summary="Read user on the write side",
    description="The state after the last commit; `status` is the last stage that this version has reached.",
    replies={200: Reply(CommandUser, "The state after the last commit", headers=(ETAG,))},
    problems=(404, 503),
    examples=[answer("A user that both sides hold", {**KNOWN_USER, "status": "SYNCHRONIZED"})],
)
CHANGE_USER = operation(
    tag=COMMAND,
    summary="Change user",
    description="By a merge patch (RFC 7396): null removes. A patch that changes nothing leads to no new version. "
    "`login.uuid` cannot be changed.",
    body={MERGE_PATCH: {"type": "object"}},
    replies={200: Reply(CommandUser, "The state after the change", headers=(ETAG,))},
    problems=(400, 404, 409, 412, 413, 415, 422, 428, 503),
    headers=(IF_MATCH, IDEMPOTENCY_KEY),
    examples=[
        request("Move, and forget the phone", {"location": {"city": "Odense"}, "phone": None}, MERGE_PATCH),
        answer("The changed user", {**KNOWN_USER, "status": "UPDATED", "version": 2}),
    ],
)
REMOVE_USER = operation(
    tag=COMMAND,
    summary="Delete user",
    description="Reads answer 404 from then on, the history stays, and the same login does not come back in this run.",
    replies={204: Reply(None, "Removed")},
    problems=(400, 404, 409, 412, 422, 428, 503),
    headers=(IF_MATCH, IDEMPOTENCY_KEY),
)
READ_HISTORY = operation(
    tag=COMMAND,
    summary="Read user history",
    replies={200: Reply(History, "All stages, also of a deleted user")},
    problems=(404, 503),
    examples=[answer("Created and synchronised", {"id": USER_ID, "events": STAGES})],
)
READ_STATS = operation(
    tag=COMMAND,
    summary="Read run statistics",
    description="Totals, duration, users per second, latency from CREATED to SYNCHRONIZED, for each run and instance."
    " There is no speed (null) where all were taken in within a tenth of a second.",
    query=PerhapsRun,
    replies={200: Reply(Stats, "A row for each run and instance")},
    problems=(400, 503),
    examples=[answer("One run on one instance", {"stats": [STATS]})],
)
