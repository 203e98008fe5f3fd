"""Draws the portraits of the invented people: `python -m users_command.sample_users.portraits static/avatars`.

The drawings are committed; this is how they came about and how further ones would. They use presentation attributes
only, so that the page's content security policy needs no exception for them.
"""

import sys
from pathlib import Path
from typing import NamedTuple

from users_command.sample_users.people import PORTRAITS_PER_GENDER

_SKINS = ("#f3cdb0", "#e2ab85", "#c98a5f", "#a96b45", "#7f4c30", "#f8dcc8")
_SHADES = ("#e0b393", "#cd926a", "#b37448", "#925734", "#693c25", "#e8c3aa")
_HAIRS = ("#2b2320", "#5b3a29", "#8a5a33", "#c8934f", "#3d3a45", "#9b4a2f", "#b9b3ad")
_CLOTHES = ("#3f6b8c", "#7a9a6a", "#c9705c", "#5d5a8a", "#d6a24a", "#4d8a86", "#a5647f", "#46566b")
_GROUNDS = ("#dfe8ee", "#e9e3d6", "#e4ece0", "#f0e0da", "#e3e0ee", "#f3ead0", "#dcebe9")

_SHORT = "M30 44c-3-17 6-26 18-26s21 9 18 26c-1-8-4-12-8-15-6 3-15 3-20 0-4 3-7 7-8 15z"
_PARTED = "M30 44c-3-19 8-27 20-26 11 1 19 9 16 26-1-7-4-11-8-14-8 2-17 0-21-4-3 4-6 10-7 18z"
_QUIFF = "M30 43c-3-11 1-18 6-20 4-7 16-9 22-5 8 2 11 12 8 25-1-6-3-10-6-12-8 1-16 0-21-2-5 3-8 8-9 14z"
_SWEPT = "M31 45c-1-16 6-25 17-25s18 9 17 25c-3-9-8-14-14-16-4 6-12 11-20 16z"
_FRINGE = "M30 43c0-15 8-23 18-23s18 8 18 23c-5-5-31-5-36 0z"
_HAIRLINE = "M30 44c-2-16 7-25 18-25s20 9 18 25c-3-10-9-15-18-15s-15 5-18 15z"
_CURLS = ((32, 36, 6), (35, 28, 7), (43, 23, 8), (53, 23, 8), (61, 28, 7), (64, 36, 6))
_LONG = "M25 46c0-20 10-31 23-31s23 11 23 31c0 12 2 20 5 26-11 7-45 7-56 0 3-6 5-14 5-26z"
_BOB = "M26 46c0-20 9-30 22-30s22 10 22 30v12c0 4-3 7-7 7H33c-4 0-7-3-7-7z"
_NAPE = "M28 44c0-18 9-27 20-27s20 9 20 27v16c-6 6-34 6-40 0z"
_TAIL = "M54 19c17-3 24 12 20 27-2 8-1 13 2 18-9 1-14-6-13-15 1-8 1-18-4-22z"
_SCARF = "M24 50c0-23 10-35 24-35s24 12 24 35c0 12 1 20 3 30H21c2-10 3-18 3-30z"
_TURBAN = "M28 40c-3-18 8-28 20-28s23 10 20 28c-10-9-30-9-40 0z"
_BEARD = "M31 47c0 14 7 22 17 22s17-8 17-22c-3 5-6 6-9 5-5-2-11-2-16 0-3 1-6 0-9-5z"


class _Portrait(NamedTuple):
    style: str
    skin: str
    shade: str
    hair: str
    cloth: str
    ground: str
    bearded: bool
    glasses: bool


def draw(gender: str, number: int) -> str:
    """The SVG of portrait `number`, counted from 1, of `men` or `women`."""
    styles = _MEN if gender == "men" else _WOMEN
    turn = number - 1 + (0 if gender == "men" else 3)
    return _svg(
        _Portrait(
            style=styles[(number - 1) % len(styles)],
            skin=_SKINS[turn % len(_SKINS)],
            shade=_SHADES[turn % len(_SKINS)],
            hair=_HAIRS[turn * 3 % len(_HAIRS)],
            cloth=_CLOTHES[turn * 5 % len(_CLOTHES)],
            ground=_GROUNDS[turn * 4 % len(_GROUNDS)],
            bearded=gender == "men" and number % 4 in (0, 3),
            glasses=number % 5 == 2,  # noqa: PLR2004
        )
    )


def main(folder: Path) -> None:
    """Write every portrait into `folder`, replacing what stands there under their names."""
    for gender in ("men", "women"):
        for number in range(1, PORTRAITS_PER_GENDER + 1):
            (folder / f"{gender}-{number:02}.svg").write_text(draw(gender, number), encoding="utf-8")


_MEN = ("short", "parted", "curls", "quiff", "bald", "turban", "nape")
_WOMEN = ("long", "bob", "bun", "afro", "scarf", "tail", "curls", "parted")


def _svg(portrait: _Portrait) -> str:
    behind, front = _hair(portrait)
    neck = portrait.cloth if portrait.style == "scarf" else portrait.shade
    parts = [
        f'<path fill="{portrait.ground}" d="M0 0h96v96H0z"/>',
        behind,
        f'<path fill="{portrait.cloth}" d="M10 96c2-20 16-26 38-26s36 6 38 26z"/>',
        f'<path fill="{neck}" d="M40 58h16v12c0 5-4 9-8 9s-8-4-8-9z"/>',
        _head(portrait),
        f'<path fill="{portrait.hair}" d="{_BEARD}"/>' if portrait.bearded else "",
        front,
        _face(portrait),
    ]
    body = "\n".join(part for part in parts if part)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">\n{body}\n</svg>\n'


def _head(portrait: _Portrait) -> str:
    ears = "" if portrait.style == "scarf" else '<circle cx="31" cy="46" r="3.6"/><circle cx="65" cy="46" r="3.6"/>'
    return f'<g fill="{portrait.skin}">{ears}<ellipse cx="48" cy="44" rx="17" ry="20.5"/></g>'


def _hair(portrait: _Portrait) -> tuple[str, str]:
    """What hangs behind the head, and what lies over it."""

    def path(shape: str, fill: str = portrait.hair) -> str:
        return f'<path fill="{fill}" d="{shape}"/>'

    curls = "".join(f'<circle cx="{x}" cy="{y}" r="{r}"/>' for x, y, r in _CURLS)
    styles = {
        "short": ("", path(_SHORT)),
        "parted": ("", path(_PARTED)),
        "quiff": ("", path(_QUIFF)),
        "curls": ("", f'<g fill="{portrait.hair}">{curls}</g>'),
        "bald": ("", ""),
        "turban": ("", path(_TURBAN, portrait.cloth) + _fold(portrait)),
        "nape": (path(_NAPE), path(_PARTED)),
        "long": (path(_LONG), path(_SWEPT)),
        "bob": (path(_BOB), path(_FRINGE)),
        "bun": (f'<circle fill="{portrait.hair}" cx="48" cy="14" r="8.5"/>', path(_HAIRLINE)),
        "afro": (f'<circle fill="{portrait.hair}" cx="48" cy="36" r="27"/>', path(_HAIRLINE)),
        "scarf": (path(_SCARF, portrait.cloth), path(_HAIRLINE, portrait.cloth)),
        "tail": (path(_TAIL), path(_SWEPT)),
    }
    return styles[portrait.style]


def _fold(portrait: _Portrait) -> str:
    stroke = f'stroke="{portrait.ground}" stroke-opacity=".45" stroke-width="1.6"'
    return f'<path fill="none" {stroke} d="M30 34c8-8 18-14 30-17M48 32c6-6 10-10 17-11"/>'


def _face(portrait: _Portrait) -> str:
    lips = "#fff" if portrait.bearded else "#7c3f32"
    lines = [
        '<g fill="none" stroke-linecap="round" stroke-linejoin="round">',
        '<path stroke="#2b2320" stroke-width="1.7" d="M38.5 45.5q2.5 2.4 5 0M52.5 45.5q2.5 2.4 5 0"/>',
        f'<path stroke="{portrait.shade}" stroke-width="1.5" d="M48 45.5l-1.4 4.6h2.2"/>',
        f'<path stroke="{lips}" stroke-opacity=".75" stroke-width="1.6" d="M43.8 55.4q4.2 3.2 8.4 0"/>',
    ]
    if portrait.glasses:
        rims = (
            '<circle cx="41" cy="45.5" r="5.2"/><circle cx="55" cy="45.5" r="5.2"/><path d="M46.2 45q1.8-1.2 3.6 0"/>'
        )
        lines.append(f'<g stroke="#2b2320" stroke-opacity=".7" stroke-width="1.3">{rims}</g>')
    return "".join([*lines, "</g>"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
