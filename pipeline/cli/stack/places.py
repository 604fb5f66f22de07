"""Where the data of the local stack is kept."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
from pathlib import Path

from pipeline.cli.stack.prepare import can_reach
from pipeline.errors import PlatformError

OUTSIDE = Path("/var/lib/insa-iiot")


def place_run_directory(home: Path) -> Path:
    """Make `.run` with its folder for logs; its files and folders are private, the way through is not.

    Raises PlatformError if another user has started the stack here before.
    """
    run = home / ".run"
    if run.exists() and run.stat().st_uid != os.geteuid():
        owner = _user_name(run.stat().st_uid)
        raise PlatformError(
            f"{run} belongs to {owner}, who started the platform here before: do it as {owner} again,"
            " or remove that folder, which holds all data"
        )
    (run / "logs").mkdir(parents=True, exist_ok=True)
    run.chmod(0o711)
    (run / "logs").chmod(0o700)
    return run


def place_postgres(run: Path, user: str | None) -> Path:
    """Return PostgreSQL's folder, as a path that its user can follow.

    It is `.run/postgres`, unless root starts the stack from a folder that `user` cannot enter, such as
    root's own home: then it is a folder of its own under OUTSIDE, and `.run/postgres` a link to it.
    """
    inside = run / "postgres"
    if inside.is_symlink():
        outside = inside.readlink()
        outside.mkdir(parents=True, exist_ok=True)
        return outside
    if user is None or can_reach(user, run):
        return inside
    outside = OUTSIDE / secrets.token_hex(6)
    if inside.exists():
        # The checkout has moved to a place that its database server cannot enter.
        OUTSIDE.mkdir(parents=True, exist_ok=True)
        shutil.move(inside, outside)
    outside.mkdir(parents=True, exist_ok=True)
    OUTSIDE.chmod(0o755)
    os.symlink(outside, inside)
    return outside


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
