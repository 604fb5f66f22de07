"""PostgreSQL: one cluster with one role and one database for the platform."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path

from pipeline.cli.stack.plan import LOOPBACK, ConfigFile, Server, StackPlan, Step, Tools

SUPERUSER = "postgres"


def postgres_config(plan: StackPlan) -> str:
    """Return postgresql.conf; no unix socket, because the path of a folder may be too long for one."""
    return f"""\
listen_addresses = '{LOOPBACK}'
port = {plan.postgres_port}
unix_socket_directories = ''
hba_file = '{plan.postgres_directory}/pg_hba.conf'
password_encryption = 'scram-sha-256'
max_connections = 100
# Needs no /dev/shm, which containers and chroots keep small or closed.
dynamic_shared_memory_type = 'sysv'
shared_buffers = '128MB'
max_wal_size = '1GB'
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_min_messages = 'warning'
log_min_error_statement = 'panic'
"""


HBA = f"host all all {LOOPBACK}/32 scram-sha-256\n"


def quote_literal(text: str) -> str:
    """Return `text` as an SQL string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"


def quote_identifier(text: str) -> str:
    """Return `text` as an SQL identifier."""
    return '"' + text.replace('"', '""') + '"'


def role_sql(plan: StackPlan) -> str:
    """Return one line that makes the role, or gives it the password of today; repeating it is safe."""
    role, name = quote_identifier(plan.db_user), quote_literal(plan.db_user)
    return (
        f"DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name})"
        f" THEN CREATE ROLE {role}; END IF;"
        f" ALTER ROLE {role} LOGIN PASSWORD {quote_literal(plan.db_password)}; END $do$\n"
    )


def database_sql(plan: StackPlan) -> str:
    """Return one line that makes the database, owned by the role."""
    return f"CREATE DATABASE {quote_identifier(plan.db_name)} OWNER {quote_identifier(plan.db_user)}\n"


def offline_command(tools: Tools, data: Path) -> tuple[str, ...]:
    """Return the command that runs SQL lines from its input as superuser while the server is down.

    The superuser has no password, so this is the only way to be one: nobody can over the network.
    """
    return (
        str(tools.postgres_bin / "postgres"), "--single",
        "-c", "exit_on_error=on", "-c", "log_min_messages=error", "-c", "log_min_error_statement=panic",
        "-D", str(data), "postgres",
    )  # fmt: skip


def initialise_command(tools: Tools, data: Path) -> tuple[str, ...]:
    """Return the command that makes the cluster, under another name first: half of one is never used."""
    script = (
        'rm -rf "$2.new"'
        ' && "$1" --username="$3" --encoding=UTF8 --locale=C.UTF-8 --auth=reject'
        ' --no-instructions -D "$2.new" && mv "$2.new" "$2"'
    )
    return ("sh", "-c", script, "initdb", str(tools.postgres_bin / "initdb"), str(data), SUPERUSER)


def postgres_server(plan: StackPlan, tools: Tools) -> Server:
    """Describe the database server; another user, password or database takes effect at the next start."""
    directory = plan.postgres_directory
    data, config = directory / "data", directory / "postgresql.conf"
    role, database = role_sql(plan), database_sql(plan)
    return Server(
        name="postgres",
        directory=directory,
        port=plan.postgres_port,
        command=(str(tools.postgres_bin / "postgres"), "-D", str(data), "-c", f"config_file={config}"),
        files=(
            ConfigFile(config, postgres_config(plan)),
            ConfigFile(directory / "pg_hba.conf", HBA),
        ),
        steps=(
            Step(data / "PG_VERSION", initialise_command(tools, data)),
            Step(
                directory / "role.done",
                offline_command(tools, data),
                stdin=role,
                stamp=_stamp(role),
            ),
            Step(
                directory / "database.done",
                offline_command(tools, data),
                stdin=database,
                stamp=_stamp(database),
                tolerated="already exists",
            ),
        ),
        user=plan.postgres_user,
        # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for every client to leave.
        stop_signal=signal.SIGINT,
    )


def _stamp(sql: str) -> str:
    """Stand for what was done, without telling the password in it."""
    return hashlib.sha256(sql.encode()).hexdigest()
