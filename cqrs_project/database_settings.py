"""Django's settings for PostgreSQL, from its address: what the address says holds, what it leaves open is set here."""

from typing import Any

from psycopg.conninfo import conninfo_to_dict

from cqrs.eventlog.patient_connection import PatientConnection

# The statements of this application are few, long and always the same: the server parses and plans each of them once a
# connection, not once a request.
PREPARED = {"server_side_binding": True, "prepare_threshold": 3}

CONNECTION = {
    "connect_timeout": 2,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}

# The server ends whoever freezes within a transaction, so that nobody waits for its locks for ever. Whoever waits for a
# lock is told before a request loses patience, and gives back his connection; a statement for which nobody waits any
# more is ended.
SESSION = (
    "-c idle_in_transaction_session_timeout=15s -c statement_timeout=60s -c lock_timeout=3s"
    " -c client_connection_check_interval=1s"
    " -c tcp_user_timeout=15s -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c timezone=UTC"
)


def database_settings(url: str, *, app_id: str, pool_size: int) -> dict[str, Any]:
    """Return an entry of `DATABASES`.

    Every parameter of the address reaches libpq. `options` of its own stand behind ours, and the last one counts.
    """
    theirs = dict(conninfo_to_dict(url))
    place = {name.upper(): str(theirs.pop(name, "")) for name in ("user", "password", "host", "port")}
    options = f"{SESSION} {theirs.pop('options', '')}".rstrip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": theirs.pop("dbname"),
        **place,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": _pool(pool_size),
            **PREPARED,
            **CONNECTION,
            "application_name": f"cqrs {app_id}",
            **theirs,
            "options": options,
        },
    }


def _pool(size: int) -> dict[str, Any]:
    return {
        "connection_class": PatientConnection,
        "min_size": 1,
        "max_size": size,
        "timeout": 2.0,
        # By default a lost connection is sought again after 1, 2, 4 … 128 s, however soon the server is back.
        "reconnect_timeout": 2.0,
    }
