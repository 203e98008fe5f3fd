"""What a command says: data on stdout, notices on stderr; tables for people, plain lines for programs."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from bson import json_util
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

INDENT = 2


def notice(text: str) -> None:
    """Say something that is no data, on stderr."""
    _console(sys.stderr).print(Text(text), soft_wrap=True)


def complain(lines: Sequence[str]) -> None:
    """Say what went wrong, on stderr."""
    for line in lines:
        _console(sys.stderr).print(Text(line, style="red"), soft_wrap=True)


def indented_json(value: Any) -> str:
    """Return a JSON document on several lines; what MongoDB knows and JSON does not as relaxed Extended JSON."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=_extended), indent=INDENT).decode() + "\n"


def show_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(indented_json(value))


def show_json_line(value: Any) -> None:
    """Print one JSON document on one line, at once."""
    sys.stdout.write(msgspec.json.encode(value, enc_hook=_extended).decode() + "\n")
    sys.stdout.flush()


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table: drawn on a terminal; elsewhere a line for each row with tabs between, below one of headings."""
    cells = [[_cell(value) for value in row] for row in rows]
    console = _console(sys.stdout)
    if not console.is_terminal:
        for row in [list(columns), *cells]:
            sys.stdout.write("\t".join(row) + "\n")
        return
    table = Table(*columns)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def show_line(place: str, key: str | None, value: str) -> None:
    """Print a message for people, on a line of its own."""
    line = Text.assemble((place, "cyan"), " ", ("-" if key is None else _printable(key), "bold"), " ", value)
    _console(sys.stdout).print(line, soft_wrap=True)


def show_source(text: str, language: str) -> None:
    """Print a text as it is, with colours on a terminal."""
    console = _console(sys.stdout)
    if not console.is_terminal or console.no_color:
        sys.stdout.write(text)
        return
    console.print(Syntax(text.rstrip("\n"), language, background_color="default", word_wrap=True))


def is_terminal() -> bool:
    """Say whether somebody reads stdout."""
    return _console(sys.stdout).is_terminal


def _console(stream: Any) -> Console:
    # Made anew each time: the streams of a process may be redirected in between.
    return Console(file=stream, highlight=False)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _printable(str(value))


def _printable(text: str) -> str:
    """Keep a row one line, and the terminal as it is, whatever a key or an error says."""
    return "".join(character if character.isprintable() else " " for character in text)


def _extended(value: Any) -> Any:
    """Dead letters of change feeds hold documents as MongoDB has them."""
    return json_util.default(value, json_util.RELAXED_JSON_OPTIONS)
