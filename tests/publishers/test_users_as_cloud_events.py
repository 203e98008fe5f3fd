"""Other systems follow the users as CloudEvents: all versions in order, each once, and no secrets."""

import json
import os
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.test import Client

from cqrs.errors import Unavailable
from cqrs.testing.drain import drain
from cqrs_project.projector import users_subscription
from cqrs_project.reading import Reading
from cqrs_project.user_cloud_event import CONTENT_TYPE
from cqrs_project.users_publisher import publishing_users
from tests.free_ports import free_port
from tests.publishers.conftest import NewPublisher, settings_of
from tests.publishers.stream_view import StreamView
from tests.users_command.real_users import response
from tests.users_command.user_requests import created, delete_user, new_client, patch_user, post_users

pytestmark = pytest.mark.usefixtures("clean_stores")


@pytest.fixture
def client() -> Client:
    return new_client()


@pytest.fixture
def users_stream(view: StreamView) -> Iterator[str]:
    """A stream for users that is the test's own."""
    name = f"users_{uuid4().hex[:12]}"
    yield name
    view.delete(name)


@pytest.fixture
def publishing(users_stream: str, new_publisher: NewPublisher) -> Iterator[Reading]:
    """The worker's work, to that stream."""
    publishing = publishing_users(
        new_publisher(settings_of(os.environ["NATS_URL"], users_stream, subjects=["users.*"]))
    )
    yield publishing
    publishing.close()


def test_every_version_of_a_user_is_an_event_on_the_users_subject(
    client: Client, publishing: Reading, users_stream: str, view: StreamView
) -> None:
    user_id = created(client, {"email": "ada@example.org", "name": {"first": "Ada"}}, seed="run-7")
    assert patch_user(client, user_id, {"gender": "female"}).status_code == 200
    assert delete_user(client, user_id, '"2"').status_code == 204

    drain(publishing.step)

    messages = view.messages(users_stream)
    assert [message.subject for message in messages] == [f"users.{user_id}"] * 3
    assert {message.headers["Content-Type"] for message in messages} == {CONTENT_TYPE}
    assert [(message.data["type"], message.data["sequence"]) for message in messages] == [
        ("users.user_created.v1", "1"),
        ("users.user_updated.v1", "2"),
        ("users.user_deleted.v1", "3"),
    ]
    event = messages[0].data
    assert {name: event[name] for name in ("specversion", "source", "subject", "datacontenttype", "seed")} == {
        "specversion": "1.0",
        "source": "/api/v1/user-command",
        "subject": user_id,
        "datacontenttype": "application/json",
        "seed": "run-7",
    }
    assert event["id"] == messages[0].event_id
    assert event["data"]["profile"]["name"] == {"first": "Ada"}
    # Names of attributes are lower-case letters and digits: https://github.com/cloudevents/spec.
    assert all(name.isalnum() and name.islower() for name in event)


def test_what_is_published_again_is_there_once(
    client: Client, publishing: Reading, users_stream: str, view: StreamView, new_publisher: NewPublisher
) -> None:
    users = [{"email": f"user-{number}@example.org"} for number in range(300)]
    assert post_users(client, users).status_code == 200
    drain(publishing.step)

    users_subscription().drain()
    drain(publishing.step)

    assert len({message.event_id for message in view.messages(users_stream)}) == 300
    assert len(view.messages(users_stream)) == 300


def test_no_secret_of_a_user_goes_out(client: Client, publishing: Reading, users_stream: str, view: StreamView) -> None:
    users = response()["results"]
    assert post_users(client, users).status_code == 200

    drain(publishing.step)

    published = json.dumps([message.data for message in view.messages(users_stream)])
    secrets = {user["login"][name] for user in users for name in ("password", "salt", "md5", "sha1", "sha256")}
    assert secrets
    assert {secret for secret in secrets if f'"{secret}"' in published} == set()


def test_an_outage_of_nats_holds_back_nothing_else(
    client: Client, users_stream: str, view: StreamView, publishing: Reading, new_publisher: NewPublisher
) -> None:
    away = publishing_users(
        new_publisher(settings_of(f"nats://127.0.0.1:{free_port()}", users_stream, subjects=["users.*"]))
    )
    user_id = created(client, {"email": "ada@example.org"})

    with pytest.raises(Unavailable):
        drain(away.step)
    away.close()
    users_subscription().drain()
    projected = client.get(f"/api/v1/user-query/{user_id}")
    drain(publishing.step)

    assert projected.status_code == 200
    assert [message.data["subject"] for message in view.messages(users_stream)] == [user_id]
