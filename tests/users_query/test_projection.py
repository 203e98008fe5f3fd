"""The documents never go backwards, whatever is repeated, late, at once or oddly named."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import permutations
from typing import Any
from uuid import UUID

import msgspec
import pytest

from cqrs.messages import Command, Envelope
from cqrs.uuid7 import new_uuid7
from tests.threads import in_threads
from tests.users_query.held import CONTEXT, user
from users_command.events import Identity, Location, Login, Name, Picture, Profile, Street
from users_query.commands import RemoveUserDocument, StoreUserDocument
from users_query.documents import COLLECTION, UserDocument
from users_query.events import UserDocumentStored
from users_query.mongodb import database
from users_query.projection import UserProjection

ORDERS = list(permutations([1, 2, 3]))
ODD_TEXTS = [
    "$email",
    "$where",
    "$$ROOT",
    "{$gt: 1}",
    "a.b.c",
    ".",
    "$",
    "' OR 1=1 --",
    "\\u0000",
    "Zoë 张伟 مرحبا 🦄",
    "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
]


def store(*commands: StoreUserDocument) -> list[UserDocumentStored]:
    return UserProjection().store(envelopes(commands))


def remove(user_id: UUID, version: int) -> list[UserDocumentStored]:
    return UserProjection().remove(envelopes([RemoveUserDocument(user_id=user_id, version=version)]))


def envelopes(commands: Sequence[Any]) -> list[Envelope[Any]]:
    return [Envelope(command, CONTEXT) for command in commands]


def documents() -> dict[UUID, dict[str, Any]]:
    return {document["_id"]: document for document in database()[COLLECTION].find()}


def changed(command: StoreUserDocument, version: int, email: str | None = None) -> StoreUserDocument:
    profile = msgspec.structs.replace(command.profile, email=email or f"version-{version}@example.org")
    return msgspec.structs.replace(command, version=version, profile=profile)


def test_a_document_holds_the_whole_user_and_its_state() -> None:
    born = datetime(1980, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)
    profile = Profile(
        email="ada@example.org",
        gender="female",
        name=Name(title="Ms", first="Ada", last="Lovelace"),
        location=Location(street=Street(number=12, name="St James's"), city="London", postcode="SW1Y 4JH"),
        identity=Identity(name="NINO", value=None),
        login=Login(uuid=new_uuid7(), username="ada"),
        born_at=born,
        phone="(020) 7946-0000",
        picture=Picture(large="https://example.org/l.jpg"),
        nat="GB",
    )
    command = msgspec.structs.replace(user(seed="run-7", app_id="instance-2"), profile=profile)

    (stored,) = store(command)

    assert documents()[command.user_id] == {
        "_id": command.user_id,
        "version": 1,
        "deleted": False,
        "email": "ada@example.org",
        "gender": "female",
        "name": {"title": "Ms", "first": "Ada", "last": "Lovelace"},
        "location": {"street": {"number": 12, "name": "St James's"}, "city": "London", "postcode": "SW1Y 4JH"},
        "identity": {"name": "NINO"},
        "login": {"uuid": profile.login.uuid if profile.login else None, "username": "ada"},
        "dob": {"date": born},
        "phone": "(020) 7946-0000",
        "picture": {"large": "https://example.org/l.jpg"},
        "nat": "GB",
        "seed": "run-7",
        "appId": "instance-2",
        "currentStatus": "SYNCHRONIZED",
        "createdAt": command.created_at,
        "updatedAt": command.updated_at,
        "synchronizedAt": stored.stored_at,
    }


def test_mongoengine_reads_and_accepts_what_is_written() -> None:
    command = user()
    store(command)

    document = UserDocument.objects.get(id=command.user_id)

    document.validate()
    assert (document.version, document.email, document.current_status) == (1, "a@example.org", "SYNCHRONIZED")


def test_every_command_is_answered_in_order_with_the_moment_of_the_write() -> None:
    first, second = user(), user()

    stored = store(first, changed(first, 2), second)

    assert [(event.user_id, event.version) for event in stored] == [
        (first.user_id, 1),
        (first.user_id, 2),
        (second.user_id, 1),
    ]
    assert {event.stored_at for event in stored} == {documents()[second.user_id]["synchronizedAt"]}


@pytest.mark.parametrize("version", [1, 2])
def test_a_replay_changes_nothing_not_even_the_times(version: int) -> None:
    commands = [user(version=version) for _ in range(20)]
    store(*commands)
    before = documents()

    stored = store(*commands)

    assert documents() == before
    assert [event.user_id for event in stored] == [command.user_id for command in commands]


@pytest.mark.parametrize("late", [1, 2, 3])
def test_an_older_or_equal_version_changes_nothing(late: int) -> None:
    command = user(version=3)
    store(command)
    before = documents()

    store(changed(command, late, email="late@example.org"))

    assert documents() == before


def test_a_newer_version_takes_the_place_of_the_whole_document() -> None:
    command = msgspec.structs.replace(user(), profile=Profile(email="a@example.org", nat="GB", phone="1"))
    store(command)

    store(msgspec.structs.replace(command, version=2, profile=Profile(email="b@example.org")))

    document = documents()[command.user_id]
    assert (document["version"], document["email"]) == (2, "b@example.org")
    assert not {"nat", "phone"} & set(document)


@pytest.mark.parametrize("order", ORDERS)
def test_of_several_versions_in_a_batch_the_newest_is_written(order: tuple[int, ...]) -> None:
    command = user()

    store(*(changed(command, version) for version in order))

    assert documents()[command.user_id]["email"] == "version-3@example.org"


@pytest.mark.parametrize("order", ORDERS)
def test_in_whatever_order_versions_are_written_the_newest_stays(order: tuple[int, ...]) -> None:
    command = user()

    for version in order:
        store(changed(command, version))

    assert documents()[command.user_id]["email"] == "version-3@example.org"


def test_a_key_that_came_first_is_met_by_a_guarded_update() -> None:
    # The insert of a first version fails on `_id`, and what is there is older all the same.
    command = user()
    database()[COLLECTION].insert_one({"_id": command.user_id, "version": 0, "deleted": False})

    store(command, user())

    assert documents()[command.user_id]["email"] == "a@example.org"
    assert len(documents()) == 2


def test_a_tombstone_holds_nothing_of_the_user() -> None:
    command = user()
    store(command)

    remove(command.user_id, 2)

    assert documents() == {command.user_id: {"_id": command.user_id, "version": 2, "deleted": True}}


@pytest.mark.parametrize("late", [1, 2])
def test_a_late_older_write_does_not_bring_a_deleted_user_back(late: int) -> None:
    command = user()
    store(command)
    remove(command.user_id, 2)

    store(changed(command, late))

    assert documents()[command.user_id]["deleted"] is True


def test_a_tombstone_that_comes_before_the_user_keeps_it_out() -> None:
    command = user()

    remove(command.user_id, 2)
    store(command)

    assert documents()[command.user_id] == {"_id": command.user_id, "version": 2, "deleted": True}


def test_a_late_older_tombstone_removes_nothing() -> None:
    command = user(version=3)
    store(command)

    remove(command.user_id, 2)

    assert documents()[command.user_id]["deleted"] is False


def test_repeating_a_deletion_changes_nothing() -> None:
    command = user()
    store(command)
    remove(command.user_id, 2)
    before = documents()

    remove(command.user_id, 2)

    assert documents() == before


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_text_is_stored_as_it_is_however_it_looks(text: str) -> None:
    profile = Profile(email=text, name=Name(first=text), login=Login(username=text))
    first = msgspec.structs.replace(user(seed=text), profile=profile)
    replaced = msgspec.structs.replace(user(version=2), profile=profile)

    store(first, replaced)
    store(msgspec.structs.replace(first, version=2))

    for command in (first, replaced):
        document = documents()[command.user_id]
        assert document["version"] == 2
        assert (document["email"], document["name"], document["login"]) == (text, {"first": text}, {"username": text})


def test_numbers_of_64_bits_are_stored_exactly() -> None:
    location = Location(street=Street(number=2**63 - 1))
    command = msgspec.structs.replace(user(), profile=Profile(email="a@example.org", location=location))

    store(command)

    assert documents()[command.user_id]["location"]["street"]["number"] == 2**63 - 1


def test_two_projectors_at_once_leave_the_newest_of_each_user() -> None:
    users = [user() for _ in range(30)]
    histories: list[Callable[[], None]] = [
        partial(write_history, users, versions) for versions in [(1, 2, 3, 4), (1, 2, 3, 4), (4, 3, 2, 1), (2, 1, 4, 3)]
    ]

    in_threads(histories)

    assert {document["version"] for document in documents().values()} == {4}
    assert {document["email"] for document in documents().values()} == {"version-4@example.org"}
    assert len(documents()) == 30


def write_history(users: Sequence[StoreUserDocument], versions: Sequence[int]) -> None:
    for version in versions:
        store(*(changed(command, version) for command in users))


def test_two_projectors_at_once_of_which_one_deletes_leave_tombstones() -> None:
    users = [user() for _ in range(30)]

    def delete() -> None:
        commands: list[Command] = [RemoveUserDocument(user_id=command.user_id, version=3) for command in users]
        UserProjection().remove(envelopes(commands))

    at_once: list[Callable[[], None]] = [
        partial(write_history, users, (1, 2)),
        delete,
        partial(write_history, users, (2, 1)),
    ]
    in_threads(at_once)

    assert {document["deleted"] for document in documents().values()} == {True}
    assert len(documents()) == 30
