"""The shell functions that install things, with stand-ins for apt and the tools."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.stack import HOME

NEEDED = ("sh", "basename", "tr", "sed", "head", "tail", "cksum", "mkdir", "cat", "rm", "tee", "chmod", "env",
          "grep", "sort", "dirname", "readlink", "flock")  # fmt: skip
TOOLS = ("redis-server", "initdb", "mvn", "mosquitto")


class Sandbox:
    """A PATH of its own with stand-ins, and a checkout with nothing in it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "checkout"
        self.bin = folder / "bin"
        self.policy = folder / "policy-rc.d"
        self.home.joinpath("infra", "kafka").mkdir(parents=True)
        self.home.joinpath("infra", "kafka", "pom.xml").write_text("<project/>")
        self.bin.mkdir()
        for name in NEEDED:
            found = subprocess.run(("sh", "-c", f"command -v {name}"), capture_output=True, text=True, check=True)
            (self.bin / name).symlink_to(found.stdout.strip())
        for name in TOOLS:
            self.add(name, "exit 0")
        self.add("java", """echo 'openjdk version "17.0.1"' >&2""")
        self.add("python3", "exit 0")
        self.add("id", "echo 0")
        self.add("apt-cache", "echo 'Version: 3.11'")
        self.add("apt-get", "echo apt was called; exit 1")

    def add(self, name: str, script: str) -> None:
        """Put a stand-in into PATH."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script after install.sh was read; only the stand-ins are in PATH."""
        setting = f'set -eu; home="{self.home}"; . "{HOME}/infra/install.sh"; PATH="{self.bin}"'
        return subprocess.run(
            ("sh", "-c", f'{setting}; POLICY="{self.policy}"; {script}', "run"),
            env={"PATH": str(self.bin)}, capture_output=True, text=True,
        )  # fmt: skip


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A fresh sandbox."""
    return Sandbox(tmp_path)


def test_apt_is_not_called_when_everything_is_there(sandbox: Sandbox) -> None:
    done = sandbox.run("install_tools")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "script"),
    [("java", """echo 'openjdk version "11.0.2"' >&2"""), ("python3", "exit 1")],
)
def test_a_tool_that_is_too_old_counts_as_missing(sandbox: Sandbox, name: str, script: str) -> None:
    sandbox.add(name, script)
    assert sandbox.run("missing_tools").stdout.strip() == name.rstrip("3")


def test_without_root_the_message_names_what_an_administrator_has_to_install(sandbox: Sandbox) -> None:
    sandbox.add("id", "echo 1000")
    (sandbox.bin / "redis-server").unlink()
    done = sandbox.run("install_tools")
    assert done.returncode == 1
    assert "missing: redis" in done.stderr
    assert "apt-get install" in done.stderr
    assert "apt was called" not in done.stdout


APT_THAT_INSTALLS = """\
echo "$RUNLEVEL $*" >> "{log}"
[ -x "{policy}" ] && echo "services stay down" >> "{log}"
case "$*" in *install*) printf '#!/bin/sh\\n' > "{bin}/kcat"; chmod 755 "{bin}/kcat" ;; esac
"""


def test_no_service_starts_during_the_installation_and_the_policy_is_gone_afterwards(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    log = tmp_path / "apt.log"
    sandbox.add("apt-get", APT_THAT_INSTALLS.format(log=log, policy=sandbox.policy, bin=sandbox.bin))
    done = sandbox.run("install_tools kcat")
    assert done.returncode == 0, done.stderr
    update, first, install, second = log.read_text().splitlines()
    assert update.startswith("1 ")
    assert "update" in update
    assert "--no-install-recommends kcat" in install
    assert first == second == "services stay down"
    assert not sandbox.policy.exists()


def test_a_failing_apt_shows_its_output_and_takes_the_policy_away(sandbox: Sandbox) -> None:
    done = sandbox.run("install_tools kcat")
    assert done.returncode == 1
    assert "apt was called" in done.stderr
    assert not sandbox.policy.exists()


def test_a_policy_that_was_there_is_kept(sandbox: Sandbox) -> None:
    sandbox.policy.write_text("#!/bin/sh\nexit 0\n")
    sandbox.run("install_tools kcat")
    assert sandbox.policy.read_text() == "#!/bin/sh\nexit 0\n"


def script(name: str, *arguments: str, home: Path = HOME) -> subprocess.CompletedProcess[str]:
    return subprocess.run((str(home / name), *arguments), capture_output=True, text=True)


def test_help_names_every_command_and_a_wrong_one_is_refused() -> None:
    shown = script("run", "help")
    assert shown.returncode == 0
    for command in ("./run -d", "./run stop", "./run status", "./run logs"):
        assert command in shown.stdout
    wrong = script("run", "strat")
    assert wrong.returncode == 2
    assert "./run status" in wrong.stderr


@pytest.mark.parametrize(("name", "argument"), [("iiot", "status"), ("run", "stop"), ("run", "logs")])
def test_before_the_first_run_the_message_says_what_to_do(tmp_path: Path, name: str, argument: str) -> None:
    (tmp_path / "infra").mkdir()
    for path in (name, "infra/install.sh"):
        (tmp_path / path).write_bytes((HOME / path).read_bytes())
    (tmp_path / name).chmod(0o755)
    done = script(name, argument, home=tmp_path)
    assert done.returncode == 1
    assert "run" in done.stderr
