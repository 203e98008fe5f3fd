"""Only `cqrs.conversion` converts to types: what does it beside that can end the process (see there)."""

import ast

from tests.architecture.sources import APPLICATION, Source, sources

HOME = "cqrs/conversion.py"


def test_nothing_else_converts_to_a_type() -> None:
    found = [f"{source.path}:{line}" for source in sources(*APPLICATION) for line in _conversions(source)]

    assert {place.split(":")[0] for place in found} == {HOME}, found


def _conversions(source: Source) -> list[int]:
    calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if _converts(call)]


def _converts(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "decode":
        return any(keyword.arg == "type" for keyword in call.keywords)
    return name in {"convert", "Decoder"}
