"""Options that several commands have, and the examples in their help."""

from pathlib import Path
from typing import Annotated

import typer

from cqrs.broker.csbroker.folder import Folder

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
YesProduction = Annotated[
    bool, typer.Option("--yes-production", help="Do it even where NODE_ENV or CSBROKER_ENV is production.")
]


def service_folder() -> Folder:
    """Return the folder of the service in whose root the command runs."""
    return Folder(root=Path.cwd())


def examples(*lines: str) -> str:
    """Return the end of a command's help."""
    return "\n\n".join(["Examples:", *(f"$ csbroker {line}" for line in lines)])
