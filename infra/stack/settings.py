"""What the environment says about the stack, read once; all mistakes are reported together."""

from collections.abc import Mapping
from dataclasses import dataclass

from cqrs_project.environment import InvalidEnvironment, read_environment
from infra.stack.built_in_provider import provider_variables
from infra.stack.errors import InvalidSettings
from infra.stack.layout import Layout, data_folder
from infra.stack.ports import Ports, read_ports
from infra.stack.secrets import secret
from infra.stack.stores import ADDRESS_VARIABLES, STORE_PORTS, Store, embedded

# These differ from process to process: one for all would be wrong for all but one.
_PER_PROCESS = frozenset({"APPID", "BIND", "METRICS_PORT", "WEB_PROCESSOR", "SERVICE"})

DATABASES = {
    "MONGODB_DATABASE": "cqrs",
    "MONGODB_BROKER_DATABASE": "change-stream-broker",
    "CHANGE_FEEDS_DATABASE": "change-feeds",
}


@dataclass(frozen=True, slots=True)
class StackSettings:
    """One stack: its folder, its ports, its stores, and the variables that its processes inherit."""

    layout: Layout
    ports: Ports
    stores: tuple[Store, ...]
    variables: Mapping[str, str]

    def environment(self) -> dict[str, str]:
        """The environment of the application's processes: the caller's, with the stores and secrets in use.

        The first call makes the secrets that are missing.
        """
        addresses = {store.variable: store.address for store in self.stores}
        provider = provider_variables(self.variables, self.layout, self.ports)
        return {**DATABASES, **self.variables, **addresses, **provider, "SECRET_KEY": self._secret_key()}

    def own_ports(self) -> Ports:
        """The ports that programs of this stack will listen on."""
        own = {store.port_variable for store in self.stores}
        return self.ports.without(set(STORE_PORTS) - own)

    def _secret_key(self) -> str:
        return self.variables.get("SECRET_KEY") or secret(self.layout.secrets, "secret_key")


def read_settings(variables: Mapping[str, str]) -> StackSettings:
    """Return the settings in `variables`; one that is empty counts as not set.

    Raises InvalidSettings naming every mistake, those in the application's own settings included.
    """
    given = {name: value for name, value in variables.items() if value and name not in _PER_PROCESS}
    ports, mistakes = read_ports(given)
    mistakes += _mistakes_of_the_application(given)
    if mistakes:
        raise InvalidSettings(mistakes)
    external = {name: given[name] for name in ADDRESS_VARIABLES if name in given}
    layout = Layout(data_folder(given))
    return StackSettings(layout, ports, tuple(embedded(layout, ports, external)), given)


def _mistakes_of_the_application(given: Mapping[str, str]) -> list[str]:
    supplied = {
        "DATABASE_URL": "postgresql://embedded/embedded",
        "MONGODB_URI": "mongodb://embedded",
        "NATS_URL": "nats://embedded",
        "SECRET_KEY": "generated",
    }
    try:
        read_environment({**supplied, **given})
    except InvalidEnvironment as error:
        return error.mistakes
    return []
