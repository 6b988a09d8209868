"""PostgreSQL's configuration: one small machine, no TCP, no personal data in the log, one operating system user let in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tenants.embedded.accounts import Account
from tenants.embedded.folders import write_into
from tenants.embedded.roles import APP, OWNER, SUPERUSER

#: Written anew at every start; ALTER SYSTEM, which is kept elsewhere, has the last word.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "cluster_name": "kelu",
    "logging_collector": "off",
    # Messages, details, statements and parameters quote values. `log` keeps what the server does and leaves out what it
    # answers to a statement: "invalid input syntax for type date: …" is an ERROR, and goes to the client alone.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


def write_configuration(cluster: Path, sockets: str, account: Account, user: str) -> None:
    """Write the three files into the cluster's folder; `user` is whom peer authentication lets in."""
    settings = {**SETTINGS, "unix_socket_directories": sockets}
    quoted = user.replace('"', '""')
    hba = f"local all {SUPERUSER},{OWNER},{APP} peer map=kelu\n"
    ident = "".join(f'kelu "{quoted}" {role}\n' for role in (SUPERUSER, OWNER, APP))
    write_into(cluster, "postgresql.conf", "".join(f"{name} = '{value}'\n" for name, value in settings.items()), account)
    write_into(cluster, "pg_hba.conf", hba, account)
    write_into(cluster, "pg_ident.conf", ident, account)
