"""What the invented people are put together from: names, places and number formats of 21 nationalities.

`catalogue.json` was gathered from a real response of randomuser.me, part by part and never a whole person, and filled
up with further common names and places. Ukrainian names are in their own script here, where the real service
transliterates them.
"""

from functools import lru_cache
from importlib import resources

import msgspec

from cqrs.conversion import decoded_json


class NamesOfGender(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    titles: tuple[str, ...]
    first: tuple[str, ...]


class IdentityFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The national identity number: its name, and its pattern (see `patterns`).

    In the pattern `{dd} {mm} {yy}` stand for the date of birth, `{s}` for 1 (male) or 2 (female) and `{L}` for the
    initial of the last name. Without a pattern the real service gives that nationality no number.
    """

    name: str
    value: str | None


class Nationality(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    country: str
    male: NamesOfGender
    female: NamesOfGender
    last: tuple[str, ...]
    streets: tuple[str, ...]
    cities: tuple[str, ...]
    states: tuple[str, ...]
    postcode: str
    numeric_postcode: bool
    phone: str
    cell: str
    identity: IdentityFormat


class Timezone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    offset: str
    description: str


class Catalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it; `nationalities` by code (`DE`), and in `letters` how lower-case letters beyond a-z are romanised."""

    timezones: tuple[Timezone, ...]
    adjectives: tuple[str, ...]
    animals: tuple[str, ...]
    passwords: tuple[str, ...]
    nationalities: dict[str, Nationality]
    letters: dict[str, str]


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The catalogue, read and checked on first use: replicas that never serve samples never load it."""
    source = resources.files(__package__).joinpath("catalogue.json")
    return decoded_json(source.read_bytes(), Catalogue)
