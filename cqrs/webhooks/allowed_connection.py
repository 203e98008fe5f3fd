"""Connections that are made to allowed addresses only, whatever a name leads to at that moment.

The name is looked up once, its addresses are checked, and the connection is made to a checked address and not to the
name: a name that leads somewhere else a moment later (DNS rebinding) leads nowhere.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.response import HTTPResponse
from urllib3.util.connection import create_connection

from cqrs.webhooks.cutting import cut_after
from cqrs.webhooks.errors import AddressRefused

Network = IPv4Network | IPv6Network


class _AllowedConnection(HTTPConnection):
    """Connects to addresses in `networks`, and waits at most `patience` seconds for the whole head of an answer.

    Raises AddressRefused where its host has no such address.
    """

    def __init__(self, *arguments: Any, networks: Sequence[Network], patience: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._networks = networks
        self._patience = patience

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        """Return the answer, its body unread."""
        with cut_after(self._patience, self.sock):
            return super().getresponse()

    def _new_conn(self) -> socket.socket:
        # In the place of urllib3's own, with its errors.
        failure: OSError = OSError("no address")
        for address in self._allowed_addresses():
            try:
                return create_connection(
                    (address, self.port),
                    self.timeout,
                    source_address=self.source_address,
                    socket_options=self.socket_options,
                )
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "connecting took too long") from failure
        raise NewConnectionError(self, "connecting failed") from failure

    def _allowed_addresses(self) -> list[str]:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        addresses = tuple(dict.fromkeys(str(where[0]) for *_, where in found))
        if allowed := [address for address in addresses if is_allowed(address, self._networks)]:
            return allowed
        raise AddressRefused(addresses)


class _AllowedTlsConnection(_AllowedConnection, HTTPSConnection):
    """The same under TLS; the certificate is that of the name."""


class AllowedPool(HTTPConnectionPool):
    """A pool of such connections; takes `networks` and `patience`."""

    ConnectionCls = _AllowedConnection


class AllowedTlsPool(HTTPSConnectionPool):
    """A pool of such connections under TLS; takes `networks` and `patience`."""

    ConnectionCls = _AllowedTlsConnection


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Say whether an address is in one of the networks. One of IPv4 that is written as IPv6 is one of IPv4."""
    parsed: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed.version == network.version and parsed in network for network in networks)
