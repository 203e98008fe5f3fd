"""From the working files to a client: the same files give the same bytes."""

import msgspec

from cqrs.broker.csbroker.asyncapi import asyncapi_document
from cqrs.broker.csbroker.backups import keep
from cqrs.broker.csbroker.client_source import client_sources
from cqrs.broker.csbroker.declarations import Declarations, declarations, require_working_files
from cqrs.broker.csbroker.folder import Folder
from cqrs.broker.csbroker.installation import install, installed, locked, require_own
from cqrs.broker.csbroker.json_schema import payload_schema, to_json_file

ASYNCAPI = "asyncapi.json"


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """What a `generate` did, or with `--check` would do: the files that are new, changed or gone."""

    changed: tuple[str, ...]
    backup: str | None


def generate(folder: Folder, *, force: bool = False) -> Generated:
    """Bring the client up to date, backing up the former one where anything changes.

    Raises NoWorkingFiles, InvalidWorkingFiles, and Refused where something is in its place that csbroker did not
    generate, unless with `force`; what is there is as it was then.
    """
    # First of all, so that no state is left in a folder that is no service's.
    require_working_files(folder)
    with locked(folder):
        files = client_files(folder)
        changed = _changed(files, installed(folder))
        if not changed:
            return Generated(changed=(), backup=None)
        if not force:
            require_own(folder)
        backup = keep(folder)
        install(folder, files)
        return Generated(changed=changed, backup=backup)


def drift(folder: Folder) -> Generated:
    """Return what `generate` would do, and write nothing. Raises NoWorkingFiles, InvalidWorkingFiles."""
    return Generated(changed=_changed(client_files(folder), installed(folder)), backup=None)


def client_files(folder: Folder) -> dict[str, bytes]:
    """Return the files of the client as they should be, by their path in it.

    Raises NoWorkingFiles, InvalidWorkingFiles.
    """
    with declarations(folder) as declared:
        return _rendered(declared)


def _rendered(declared: Declarations) -> dict[str, bytes]:
    schemas = {
        f"schemas/{name}.schema.json": to_json_file(payload_schema(name, payload))
        for name, payload in sorted(declared.payloads.items())
    }
    sources = {name: text.encode() for name, text in client_sources(declared).items()}
    return declared.sources | sources | schemas | {ASYNCAPI: to_json_file(asyncapi_document(declared))}


def _changed(wanted: dict[str, bytes], present: dict[str, bytes]) -> tuple[str, ...]:
    return tuple(sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name)))
