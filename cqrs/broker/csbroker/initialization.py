"""The first working files of a service."""

from cqrs.broker.csbroker.atomic_write import write_atomically
from cqrs.broker.csbroker.errors import Refused
from cqrs.broker.csbroker.folder import Folder
from cqrs.broker.csbroker.templates import TEMPLATES


def initialize(folder: Folder, *, force: bool) -> list[str]:
    """Write both working files from their templates and return their paths.

    Raises Refused where one is there already, unless with `force`; nothing is written then.
    """
    present = [str(folder.shown(folder.path / name)) for name in TEMPLATES if (folder.path / name).exists()]
    if present and not force:
        raise Refused(f"{' and '.join(present)}: there already; --force overwrites")
    folder.path.mkdir(exist_ok=True)
    for name, text in TEMPLATES.items():
        write_atomically(folder.path / name, text.encode())
    return [str(folder.shown(folder.path / name)) for name in TEMPLATES]
