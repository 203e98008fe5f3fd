"""What the tests of the write side share: empty stores and a client."""

import pytest
from django.test import Client

from tests.users_command.user_requests import new_client


@pytest.fixture(autouse=True)
def _clean(clean_stores: None) -> None:
    """Nobody's users but those of the test."""


@pytest.fixture
def client() -> Client:
    return new_client()
