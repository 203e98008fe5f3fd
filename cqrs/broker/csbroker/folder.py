"""Where things stand in a service: its working files, the client generated beside them, and former clients."""

from dataclasses import dataclass
from pathlib import Path

NAME = "change-stream"
CONFIG = "config.py"
PAYLOADS = "message_payload.py"
WORKING_FILES = (CONFIG, PAYLOADS)
CLIENT = "client"
CLIENT_OF_PACKAGE = "broker_client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """`change-stream/` in the root of a service.

    The client holds the two files from which it was generated as they were: they are the stage.
    """

    root: Path

    @property
    def path(self) -> Path:
        return self.root / NAME

    @property
    def config(self) -> Path:
        return self.path / CONFIG

    @property
    def payloads(self) -> Path:
        return self.path / PAYLOADS

    @property
    def client(self) -> Path:
        """Where the client is: in a service that is a Python package, in its root.

        There it is a part of the package: no `import` reaches into a folder whose name has a hyphen.
        """
        if (self.root / "__init__.py").is_file():
            return self.root / CLIENT_OF_PACKAGE
        return self.path / CLIENT

    @property
    def state(self) -> Path:
        """Lock, backups and unfinished clients; ignored by git."""
        return self.path / ".csbroker"

    @property
    def backups(self) -> Path:
        return self.state / "backups"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    def shown(self, path: Path) -> Path:
        """Return the path as the user sees it: from the root of the service."""
        return path.relative_to(self.root) if path.is_relative_to(self.root) else path
