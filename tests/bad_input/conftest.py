"""What the tests of bad input share: empty stores, a client, and users to aim at."""

import pytest
from django.test import Client

from tests.users_command.user_requests import created, new_client


@pytest.fixture
def client(clean_stores: None) -> Client:
    return new_client()


@pytest.fixture
def user_id(client: Client) -> str:
    return created(client, {"email": "ada@example.org", "login": {"uuid": "9a723211-0e87-41f1-b1e4-ed1a15226b80"}})
