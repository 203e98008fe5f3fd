"""What a process has one of is there once it was opened, and says who is at fault before."""

import pytest

from cqrs.opened import NotOpened, Opened


def test_whoever_asks_gets_what_was_opened() -> None:
    shop = Opened[str]("shop")
    shop.open("the one")

    one = shop()

    assert one == "the one"


def test_asking_before_is_an_error_that_names_it() -> None:
    shop = Opened[str]("shop")

    with pytest.raises(NotOpened) as refused:
        shop()

    assert refused.value.name == "shop"
