"""Puts people together from the catalogue, in the format of randomuser.me v1.4."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from users_command.sample_users.catalogue import Catalogue, Nationality, catalogue
from users_command.sample_users.draws import Draws
from users_command.sample_users.patterns import fill
from users_command.sample_users.romanise import romanise

PORTRAITS_PER_GENDER = 20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_PER_DAY = 86_400_000
_FIRST_BIRTH = datetime(1944, 1, 1, tzinfo=UTC)
_BIRTH_DAYS = 57 * 365
_LAST_REGISTRATION = datetime(2024, 1, 1, tzinfo=UTC)
_FIRST_REGISTRATION = datetime(2002, 1, 1, tzinfo=UTC)
_AGE_OF_REGISTRATION = timedelta(days=18 * 366)

Person = dict[str, Any]


class _Gender(NamedTuple):
    word: str
    portraits: str
    digit: str


_MALE = _Gender("male", "men", "1")
_FEMALE = _Gender("female", "women", "2")


def people(*, seed: str, page: int, nationalities: Sequence[str], results: int, today: date) -> list[Person]:
    """The first `results` people of that seed, page and choice of nationalities (`DE`, …; in any order; none: all).

    Asking for more gives the same people and then further ones. `today` (UTC) decides the ages and nothing else.
    Raises KeyError for a nationality that the catalogue does not know.
    """
    source = catalogue()
    codes = sorted(set(nationalities)) or sorted(source.nationalities)
    run = f"{seed}\n{page}\n{','.join(codes)}"
    return [_person(Draws(f"{run}\n{index}"), source, codes, today) for index in range(results)]


def _person(draws: Draws, source: Catalogue, codes: Sequence[str], today: date) -> Person:
    code = draws.one_of(codes)
    nationality = source.nationalities[code]
    gender = draws.one_of((_MALE, _FEMALE))
    name = _name(draws, nationality, gender)
    born = _FIRST_BIRTH + timedelta(milliseconds=draws.below(_BIRTH_DAYS * _MILLISECONDS_PER_DAY))
    return {
        "gender": gender.word,
        "name": name,
        "location": _location(draws, nationality, source),
        "email": f"{romanise(name['first'])}.{romanise(name['last'])}@example.com",
        "login": _login(draws, source),
        "dob": _moment(born, today),
        "registered": _moment(_registered(draws, born), today),
        "phone": fill(nationality.phone, draws),
        "cell": fill(nationality.cell, draws),
        "id": _identity(draws, nationality, gender, name, born),
        "picture": _picture(draws, gender),
        "nat": code,
    }


def _name(draws: Draws, nationality: Nationality, gender: _Gender) -> dict[str, str]:
    names = nationality.male if gender is _MALE else nationality.female
    return {
        "title": draws.one_of(names.titles),
        "first": draws.one_of(names.first),
        "last": draws.one_of(nationality.last),
    }


def _location(draws: Draws, nationality: Nationality, source: Catalogue) -> dict[str, Any]:
    postcode = fill(nationality.postcode, draws)
    timezone = draws.one_of(source.timezones)
    return {
        "street": {"number": draws.between(1, 9999), "name": draws.one_of(nationality.streets)},
        "city": draws.one_of(nationality.cities),
        "state": draws.one_of(nationality.states),
        "country": nationality.country,
        "postcode": int(postcode) if nationality.numeric_postcode else postcode,
        "coordinates": {"latitude": _degrees(draws, 90), "longitude": _degrees(draws, 180)},
        "timezone": {"offset": timezone.offset, "description": timezone.description},
    }


def _degrees(draws: Draws, limit: int) -> str:
    return f"{draws.between(-limit * 10_000, limit * 10_000) / 10_000:.4f}"


def _login(draws: Draws, source: Catalogue) -> dict[str, str]:
    password = draws.one_of(source.passwords)
    salt = f"{draws.below(2**32):08x}"
    salted = (password + salt).encode()
    return {
        "uuid": str(UUID(int=draws.below(2**64) << 64 | draws.below(2**64), version=4)),
        "username": f"{draws.one_of(source.adjectives)}{draws.one_of(source.animals)}{draws.between(100, 999)}",
        "password": password,
        "salt": salt,
        "md5": hashlib.md5(salted, usedforsecurity=False).hexdigest(),
        "sha1": hashlib.sha1(salted, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(salted).hexdigest(),
    }


def _registered(draws: Draws, born: datetime) -> datetime:
    earliest = max(_FIRST_REGISTRATION, born + _AGE_OF_REGISTRATION)
    range_in_milliseconds = (_LAST_REGISTRATION - earliest) // timedelta(milliseconds=1)
    return earliest + timedelta(milliseconds=draws.below(range_in_milliseconds))


def _moment(at: datetime, today: date) -> dict[str, Any]:
    years = today.year - at.year - ((today.month, today.day) < (at.month, at.day))
    return {"date": f"{at.isoformat(timespec='milliseconds')[:-6]}Z", "age": years}


def _identity(
    draws: Draws, nationality: Nationality, gender: _Gender, name: dict[str, str], born: datetime
) -> dict[str, str | None]:
    form = nationality.identity
    if form.value is None:
        return {"name": form.name, "value": None}
    value = fill(form.value, draws).format(
        dd=f"{born.day:02}",
        mm=f"{born.month:02}",
        yy=f"{born.year % 100:02}",
        s=gender.digit,
        L=romanise(name["last"])[0].upper(),
    )
    return {"name": form.name, "value": value}


def _picture(draws: Draws, gender: _Gender) -> dict[str, str]:
    """One drawing serves all three sizes, since it is drawn in vectors."""
    portrait = f"/static/avatars/{gender.portraits}-{draws.below(PORTRAITS_PER_GENDER) + 1:02}.svg"
    return {"large": portrait, "medium": portrait, "thumbnail": portrait}
