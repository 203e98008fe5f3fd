"""Invented users: randomuser.me's format, and for ever the same for the same seed."""

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from cqrs.web.validation import validate
from users_command.sample_users.catalogue import catalogue
from users_command.sample_users.people import PORTRAITS_PER_GENDER, people
from users_command.sample_users.portraits import draw
from users_command.sample_users.romanise import romanise
from users_command.serializers import UserIn

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 20)
ALL = [
    *("AU", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE"),
    *("IN", "IR", "MX", "NL", "NO", "NZ", "RS", "TR", "UA", "US"),
]
SHAPE = {
    "gender": str,
    "name": {"title": str, "first": str, "last": str},
    "location": {
        "street": {"number": int, "name": str},
        "city": str,
        "state": str,
        "country": str,
        "postcode": (int, str),
        "coordinates": {"latitude": str, "longitude": str},
        "timezone": {"offset": str, "description": str},
    },
    "email": str,
    "login": {"uuid": str, "username": str, "password": str, "salt": str, "md5": str, "sha1": str, "sha256": str},
    "dob": {"date": str, "age": int},
    "registered": {"date": str, "age": int},
    "phone": str,
    "cell": str,
    "id": {"name": str, "value": (str, type(None))},
    "picture": {"large": str, "medium": str, "thumbnail": str},
    "nat": str,
}


def sample(results: int, *, seed: str = "tests", page: int = 1, nat: str = "") -> list[dict[str, Any]]:
    return people(seed=seed, page=page, nationalities=nat.split(), results=results, today=TODAY)


def has_shape(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return list(value) == list(shape) and all(has_shape(value[key], shape[key]) for key in shape)
    return isinstance(value, shape)


def script_of(text: str) -> set[str]:
    ranges = {"latin": ("A", "ʯ"), "cyrillic": ("Ѐ", "ӿ"), "arabic": ("؀", "ۿ")}
    return {
        name for letter in text if letter.isalpha() for name, (low, high) in ranges.items() if low <= letter <= high
    }


def test_everyone_has_the_members_of_randomuser_1_4_in_its_order() -> None:
    assert all(has_shape(person, SHAPE) for person in sample(500))


def test_everyone_is_accepted_by_the_write_side() -> None:
    everyone = [person for code in ALL for person in sample(20, nat=code)]

    accepted = [validate(person, UserIn) for person in everyone]

    assert [user.email for user in accepted] == [person["email"] for person in everyone]


def test_a_known_run_never_changes() -> None:
    written = json.dumps(sample(200, seed="golden"), ensure_ascii=False).encode()

    assert hashlib.sha256(written).hexdigest() == "9d626d530e7531d70154da1321fa285989e96046166a9822bd216bc9486f3fd0"


def test_another_process_invents_the_same_people() -> None:
    code = (
        "import json; from datetime import date; from users_command.sample_users.people import people; "
        "print(json.dumps(people(seed='tests', page=1, nationalities=[], results=50, today=date(2026, 11, 20))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}

    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)

    assert json.loads(told.stdout) == sample(50)


def test_asking_for_more_gives_the_same_people_first() -> None:
    assert sample(500)[:10] == sample(10)


@pytest.mark.parametrize("other", [{"seed": "others"}, {"page": 2}, {"nat": "DE FR"}])
def test_another_seed_page_or_choice_gives_other_people(other: dict[str, Any]) -> None:
    uuids = {person["login"]["uuid"] for person in sample(100)}

    assert uuids.isdisjoint(person["login"]["uuid"] for person in sample(100, **other))


def test_the_order_of_nationalities_does_not_matter() -> None:
    assert sample(20, nat="DE IR") == sample(20, nat="IR DE IR")


def test_every_nationality_appears_and_only_the_chosen_ones() -> None:
    assert {person["nat"] for person in sample(2_000)} == set(ALL) == set(catalogue().nationalities)
    assert {person["nat"] for person in sample(200, nat="IR NO")} == {"IR", "NO"}


def test_postcodes_are_text_where_the_real_service_has_text() -> None:
    textual = {person["nat"] for person in sample(2_000) if isinstance(person["location"]["postcode"], str)}

    assert textual == {"CA", "GB", "NL", "NO"}


def test_identities_are_null_where_the_real_service_has_none() -> None:
    missing = {person["nat"] for person in sample(2_000) if person["id"] == {"name": "", "value": None}}

    assert missing == {"IR", "NZ", "TR", "UA"}
    assert all(person["id"]["value"] for person in sample(2_000) if person["nat"] not in missing)


def test_phones_hold_letters_where_the_real_service_has_them() -> None:
    lettered = {person["nat"] for person in sample(2_000) if any(map(str.isalpha, person["phone"]))}

    assert lettered == {"CA", "UA"}


def test_names_are_in_their_own_script_and_emails_in_latin_letters() -> None:
    scripts = {
        code: script_of("".join(sample(1, nat=code)[0]["name"][part] for part in ("first", "last"))) for code in ALL
    }

    assert scripts == {
        code: {"arabic"} if code == "IR" else {"cyrillic"} if code == "UA" else {"latin"} for code in ALL
    }
    assert all(person["email"].isascii() for person in sample(2_000))


@pytest.mark.parametrize(
    ("name", "email_form"),
    [
        ("Horst-Günter", "horst-gunter"),
        ("Van Andel", "vanandel"),
        ("Sørensen", "sorensen"),
        ("Kulaks\u0131zoğlu", "kulaksizoglu"),
        ("کامروا", "khmrw"),
        ("Щербак", "shcherbak"),
        ("O'Brien", "obrien"),
    ],
)
def test_a_name_is_romanised_as_the_real_service_does(name: str, email_form: str) -> None:
    assert romanise(name) == email_form


def test_every_name_of_the_catalogue_has_a_romanised_form() -> None:
    names = [
        name
        for nationality in catalogue().nationalities.values()
        for name in (*nationality.male.first, *nationality.female.first, *nationality.last)
    ]

    assert [name for name in names if not romanise(name)] == []


def test_age_is_the_number_of_birthdays_so_far() -> None:
    born = date.fromisoformat(sample(1)[0]["dob"]["date"][:10])
    birthday = born.replace(year=2026)

    ages = [
        people(seed="tests", page=1, nationalities=[], results=1, today=day)[0]["dob"]["age"]
        for day in (date.fromordinal(birthday.toordinal() - 1), birthday)
    ]

    assert ages == [2025 - born.year, 2026 - born.year]


def test_logins_are_unique_and_consistent() -> None:
    logins = [person["login"] for person in sample(5_000)]
    salted = [(login["password"] + login["salt"]).encode() for login in logins]

    assert len({login["uuid"] for login in logins}) == 5_000
    assert {UUID(login["uuid"]).version for login in logins} == {4}
    assert [login["sha256"] for login in logins] == [hashlib.sha256(text).hexdigest() for text in salted]
    assert [login["md5"] for login in logins] == [hashlib.md5(text).hexdigest() for text in salted]


def test_five_thousand_are_no_work() -> None:
    catalogue()
    began = time.process_time()

    sample(5_000)

    assert time.process_time() - began < 5


def test_every_portrait_is_a_file_as_it_was_drawn() -> None:
    wanted = {person["picture"]["large"] for person in sample(2_000)}
    drawn = {
        f"/static/avatars/{gender}-{number:02}.svg": draw(gender, number)
        for gender in ("men", "women")
        for number in range(1, PORTRAITS_PER_GENDER + 1)
    }

    assert wanted == set(drawn)
    assert {path: (ROOT / path[1:]).read_text() for path in drawn} == drawn


def test_the_answer_names_what_gives_it_again(client: Client) -> None:
    answer = client.get("/api/v1/sample-users", {"results": "3", "seed": "again", "page": "2", "nat": "de, IR"})

    body = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert body["info"] == {"seed": "again", "results": 3, "page": 2, "version": "1.4"}
    assert [person["login"] for person in body["results"]] == [
        person["login"] for person in sample(3, seed="again", page=2, nat="DE IR")
    ]


def test_without_a_seed_the_people_are_others_each_time(client: Client) -> None:
    first, second = (client.get("/api/v1/sample-users").json() for _ in range(2))

    assert [len(first["results"]), len(second["results"])] == [1, 1]
    assert first["info"]["seed"] != second["info"]["seed"]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("results=0", "results"),
        ("results=5001", "results"),
        ("results=ten", "results"),
        (f"results={'9' * 400}", "results"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("nat=XX", "nat"),
        ("nat=DE,,FR", "nat"),
        (f"seed={'x' * 65}", "seed"),
        ("seed=", "seed"),
        ("seed=%00", "seed"),
        ("seed=a&seed=b", "seed"),
    ],
)
def test_what_cannot_be_served_is_refused(client: Client, query: str, path: str) -> None:
    answer = client.get(f"/api/v1/sample-users?{query}")

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [error["path"] for error in answer.json()["errors"]] == [path]
