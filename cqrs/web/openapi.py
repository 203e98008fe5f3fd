"""OpenAPI from the same msgspec structs that validate: one decorator documents an operation.

@operation(
    tag=COMMAND,
    summary="Create a user",
    query=CreateUserParameters,                      # a struct: each field becomes a query parameter
    body={"application/json": NewUser},              # a struct, or a raw schema, by media type
    replies={201: Reply(UserState, "Created and stored", headers=(LOCATION, ETAG))},
    problems=(400, 409, 413, 415, 422, 503),
    headers=(IDEMPOTENCY_KEY,),
    examples=[OpenApiExample("Only an e-mail", {"email": "a@example.org"}, request_only=True)],
)
def post(self, request): ...
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from cqrs.errors import DuplicateRegistration
from cqrs.web import problem
from cqrs.web.errors import FieldError

F = TypeVar("F", bound=Callable[..., Any])
Schema = Any
"""A struct or another type that msgspec knows, or a raw JSON schema."""

COMMAND: Final = "Command (PostgreSQL)"
QUERY: Final = "Query (MongoDB)"

IF_MATCH: Final = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The `ETag` of the version to change, or `*`."
)
IDEMPOTENCY_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="Repeating the request under the same key within 24 hours returns the first answer.",
)
TRACEPARENT: Final = OpenApiParameter(
    "traceparent", str, OpenApiParameter.HEADER, description="W3C trace context; continued, and stored with each event."
)
LOCATION: Final = ("Location", "The address of the resource.")
ETAG: Final = ("ETag", "The version, as an entity tag for `If-Match`.")
RETRY_AFTER: Final = ("Retry-After", "Seconds after which another attempt makes sense.")
REPLAYED: Final = ("Idempotent-Replayed", "`true` where an earlier request had this answer.")

_PROBLEMS: Final = {
    problem_type.status: problem_type
    for problem_type in (
        problem.INVALID_REQUEST,
        problem.UNAUTHORIZED,
        problem.FORBIDDEN,
        problem.NOT_FOUND,
        problem.METHOD_NOT_ALLOWED,
        problem.CONFLICT,
        problem.LENGTH_REQUIRED,
        problem.STALE_VERSION,
        problem.PAYLOAD_TOO_LARGE,
        problem.UNSUPPORTED_MEDIA_TYPE,
        problem.KEY_REUSED,
        problem.PRECONDITION_REQUIRED,
        problem.UNAVAILABLE,
    )
}
_INVALID_FIELD: Final = FieldError("email", "Expected `str` of length >= 3", "length")
_REFERENCE: Final = "#/components/schemas/{name}"

_structs: dict[str, type] = {}
_other_types: list[Any] = []


class Reply(NamedTuple):
    """A successful answer: its struct (None without a body), what it means, and the headers that come with it."""

    schema: Schema | None
    description: str
    headers: tuple[tuple[str, str], ...] = ()


def operation(
    *,
    tag: str,
    summary: str,
    replies: Mapping[int, Reply],
    problems: Sequence[int],
    description: str = "",
    query: type[msgspec.Struct] | None = None,
    body: Mapping[str, Schema] | None = None,
    headers: Sequence[OpenApiParameter] = (),
    examples: Sequence[OpenApiExample] = (),
) -> Callable[[F], F]:
    """Document a view's method; see the top of this module. The summary, in camel case, is the operation's id."""
    decorate: Callable[[F], F] = extend_schema(
        operation_id=_camel_case(summary),
        tags=[tag],
        summary=summary,
        description=description or summary,
        parameters=[*_query_parameters(query), *headers, TRACEPARENT, *_reply_headers(replies)],
        request=None if body is None else {media_type: schema_of(schema) for media_type, schema in body.items()},
        responses={code: _response(reply) for code, reply in replies.items()} | _problem_responses(problems),
        examples=list(examples),
    )
    return decorate


def schema_of(schema: Schema) -> dict[str, Any]:
    """A reference to the component of a struct; of any other type, the schema with references to the structs within.

    Raises:
        DuplicateRegistration: another struct of that name is documented already.
    """
    if isinstance(schema, dict):
        return schema
    if not (isinstance(schema, type) and issubclass(schema, msgspec.Struct)):
        _other_types.append(schema)
        return msgspec.json.schema_components([schema], ref_template=_REFERENCE)[0][0]
    name = schema.__name__
    if _structs.setdefault(name, schema) is not schema:
        raise DuplicateRegistration(f"the schema {name}")
    return {"$ref": _REFERENCE.format(name=name)}


def add_components(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's post-processing hook: the structs that operations refer to, with those inside them."""
    components = msgspec.json.schema_components([*_structs.values(), *_other_types], ref_template=_REFERENCE)[1]
    result.setdefault("components", {}).setdefault("schemas", {}).update(components)
    return result


def _camel_case(summary: str) -> str:
    words: list[str] = re.findall(r"[A-Za-z0-9]+", summary)
    first, *others = words
    return first.lower() + "".join(word.capitalize() for word in others)


def _query_parameters(query: type[msgspec.Struct] | None) -> list[OpenApiParameter]:
    if query is None:
        return []
    (schema,), components = msgspec.json.schema_components([query], ref_template=_REFERENCE)
    struct = components[query.__name__] if "$ref" in schema else schema
    return [
        OpenApiParameter(
            name,
            {key: value for key, value in member.items() if key != "description"},
            OpenApiParameter.QUERY,
            required=name in struct["required"],
            description=member.get("description", ""),
        )
        for name, member in struct["properties"].items()
    ]


def _reply_headers(replies: Mapping[int, Reply]) -> list[OpenApiParameter]:
    codes: dict[tuple[str, str], list[int]] = {}
    for code, reply in replies.items():
        for header in (*reply.headers, ("X-App-Id", "The instance that answered.")):
            codes.setdefault(header, []).append(code)
    return [
        OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description, response=listed)
        for (name, description), listed in codes.items()
    ]


def _response(reply: Reply) -> OpenApiResponse:
    return OpenApiResponse(None if reply.schema is None else schema_of(reply.schema), description=reply.description)


def _problem_responses(codes: Sequence[int]) -> dict[tuple[int, str], OpenApiResponse]:
    schema = schema_of(problem.Problem)
    return {
        (code, problem.CONTENT_TYPE): OpenApiResponse(
            schema, description=_PROBLEMS[code].title, examples=[_problem_example(_PROBLEMS[code])]
        )
        for code in codes
    }


def _problem_example(kind: problem.ProblemType) -> OpenApiExample:
    document = problem.Problem(
        type=f"/problems/{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=f"{kind.title}.",
        instance="/api/v1/…",
        errors=(_INVALID_FIELD,) if kind is problem.INVALID_REQUEST else (),
    )
    return OpenApiExample(kind.slug, msgspec.to_builtins(document), response_only=True, status_codes=[str(kind.status)])
