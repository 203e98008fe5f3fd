"""Which of the driver's errors only say that MongoDB cannot be asked now."""

import pytest
from pymongo.errors import ConfigurationError

from cqrs.broker.mongodb import translated
from cqrs.errors import Unavailable


def test_a_session_that_meets_an_election_is_no_mistake_of_the_configuration() -> None:
    with pytest.raises(Unavailable), translated():
        raise ConfigurationError("Sessions are not supported by this MongoDB deployment")


def test_a_mistake_of_the_configuration_is_no_outage() -> None:
    with pytest.raises(ConfigurationError), translated():
        raise ConfigurationError("Unknown option")
