"""The four real servers, on free ports and in a folder of their own, for as long as the tests run."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from pydantic import SecretStr

from pipeline.cli.stack.plan import LOOPBACK, SERVER_NAMES, Server, ServerName, StackPlan
from pipeline.cli.stack.ports import free_ports
from pipeline.cli.stack.postgres import offline_command, quote_identifier
from pipeline.cli.stack.prepare import can_reach, describe_servers, postgres_user, prepare, run_as
from pipeline.cli.stack.probes import answers
from pipeline.cli.stack.tools import find_tools
from pipeline.settings import Settings
from tests.support.processes import descendants
from tests.support.waiting import wait_until_blocking

HOME = Path(__file__).resolve().parents[2]
QUICK_START = "-XX:TieredStopAtLevel=1"
"""Kafka is up with a third of the work when Java does not optimise what runs only for minutes."""
START_SECONDS = 60
STOP_SECONDS = 30


class LocalStack:
    """Starts, stops, kills and pauses the servers by name; ports and data stay the same throughout."""

    def __init__(self) -> None:
        """Choose folders, ports and secrets; nothing runs yet."""
        (HOME / ".test").mkdir(exist_ok=True)
        self.directory = Path(tempfile.mkdtemp(dir=HOME / ".test", prefix="stack-"))
        self.tools = find_tools(HOME)
        self.plan = _plan(self.directory)
        self._servers = describe_servers(self.plan, self.tools)
        self._running: dict[ServerName, subprocess.Popen[bytes]] = {}

    def start_all(self) -> None:
        """Start all servers at once; blocks until each answers."""
        self._let_the_user_make_databases()
        for server in self._servers.values():
            self._launch(server)
        for name in SERVER_NAMES:
            self._wait_until_up(name)

    def start(self, name: ServerName) -> None:
        """Start a server on the port and data it had; blocks until it answers."""
        self._launch(self._servers[name])
        self._wait_until_up(name)

    def stop(self, name: ServerName) -> None:
        """End a server the clean way; blocks until it is gone."""
        process = self._running[name]
        process.send_signal(self._servers[name].stop_signal)
        process.wait(STOP_SECONDS)
        del self._running[name]

    def kill9(self, name: ServerName) -> None:
        """Kill a server and all its children without warning; blocks until they are gone."""
        process = self._running.pop(name)
        for pid in (process.pid, *descendants(process.pid)):
            _signal(pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)

    def pause(self, name: ServerName) -> None:
        """Stop a server's clock: its connections stay open and nothing answers."""
        self._signal_tree(name, signal.SIGSTOP)

    def resume(self, name: ServerName) -> None:
        """Let a paused server go on."""
        self._signal_tree(name, signal.SIGCONT)

    def is_up(self, name: ServerName) -> bool:
        """Tell whether a server answers now."""
        return answers(name, LOOPBACK, self._servers[name].port)

    def log_of(self, name: ServerName) -> str:
        """Return what a server has written so far."""
        return (self.directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def new_database(self) -> str:
        """Make an empty database owned by the platform's user and return its name."""
        name = f"test_{secrets.token_hex(6)}"
        self._as_database_user("createdb", "-h", LOOPBACK, "-p", str(self.plan.postgres_port),
                               "-U", self.plan.db_user, name)  # fmt: skip
        return name

    def settings(self, **changed: object) -> Settings:
        """Return settings that point at this stack, with some fields changed; the environment has no say."""
        values: dict[str, object] = {
            "db_host": LOOPBACK, "db_port": self.plan.postgres_port, "db_name": self.plan.db_name,
            "db_user": self.plan.db_user, "db_password": SecretStr(self.plan.db_password),
            "redis_host": LOOPBACK, "redis_port": self.plan.redis_port,
            "redis_password": SecretStr(self.plan.redis_password),
            "mqtt_broker_host": LOOPBACK, "mqtt_broker_port": self.plan.mqtt_port,
            "kafka_bootstrap_servers": f"{LOOPBACK}:{self.plan.kafka_port}",
            "jwt_secret_key": SecretStr("k" * 43), "webhook_hmac_secret": SecretStr("w" * 43),
            "api_port": 0, "bridge_metrics_port": 0, "detect_metrics_port": 0, "project_metrics_port": 0,
            "data_dir": self.directory / "data",
        }  # fmt: skip
        return Settings(_env_file=None, **(values | changed))  # type: ignore[arg-type]

    def shut_down(self) -> None:
        """End whatever runs and remove the folder; safe to repeat."""
        if "postgres" in self._running:
            # A killed PostgreSQL leaves shared memory behind, which only its next start would remove.
            self.resume("postgres")
            with suppress(subprocess.TimeoutExpired):
                self.stop("postgres")
        for name in list(self._running):
            self.kill9(name)
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.plan.postgres_directory, ignore_errors=True)

    def _launch(self, server: Server) -> None:
        assert server.name not in self._running, f"{server.name} runs already"
        prepare(server)
        with (self.directory / f"{server.name}.log").open("ab") as log:
            # A session of its own, so that Ctrl-C reaches pytest alone and it can end the servers in
            # order; should pytest itself be killed, the kernel ends them.
            self._running[server.name] = subprocess.Popen(
                ("setpriv", "--pdeathsig", "KILL", "--", *server.command),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                env=os.environ | {"JAVA_TOOL_OPTIONS": QUICK_START},
                user=server.user, group=server.user, extra_groups=None if server.user is None else [],
            )  # fmt: skip

    def _wait_until_up(self, name: ServerName) -> None:
        process = self._running[name]

        def is_up_or_dead() -> bool:
            return self.is_up(name) or process.poll() is not None

        wait_until_blocking(is_up_or_dead, START_SECONDS, f"{name} to answer:\n{self.log_of(name)}")
        assert process.poll() is None, f"{name} ended while starting:\n{self.log_of(name)}"

    def _signal_tree(self, name: ServerName, number: signal.Signals) -> None:
        pid = self._running[name].pid
        for each in (pid, *descendants(pid)):
            _signal(each, number)

    def _let_the_user_make_databases(self) -> None:
        """The platform's user may not; tests want a database each."""
        postgres = self._servers["postgres"]
        prepare(postgres)
        sql = f"ALTER ROLE {quote_identifier(self.plan.db_user)} CREATEDB\n"
        command = offline_command(self.tools, self.plan.postgres_directory / "data")
        run_as(postgres.user, command, stdin=sql).check_returncode()

    def _as_database_user(self, program: str, *arguments: str) -> None:
        subprocess.run(
            (str(self.tools.postgres_bin / program), *arguments),
            env=os.environ | {"PGPASSWORD": self.plan.db_password},
            check=True, capture_output=True,
        )  # fmt: skip


def _plan(directory: Path) -> StackPlan:
    ports = free_ports(5)
    user = postgres_user()
    postgres_directory = directory / "postgres"
    if user is not None:
        directory.chmod(0o711)
        if not can_reach(user, directory):
            postgres_directory = Path(tempfile.mkdtemp(prefix="insa-iiot-test-"))
    return StackPlan(
        directory=directory,
        postgres_directory=postgres_directory,
        postgres_user=user,
        mqtt_port=ports[0], kafka_port=ports[1], kafka_controller_port=ports[2],
        postgres_port=ports[3], redis_port=ports[4],
        db_name="insa_iiot", db_user="iiot_user",
        db_password=secrets.token_urlsafe(16), redis_password=secrets.token_urlsafe(16),
    )  # fmt: skip


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
