"""Keys of a snapshot: `<epoch>/d/<device>`, `<epoch>/r/<registry key>`, `<epoch>/p`; the epoch is 16 hex digits."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """A parsed key; `kind` is `d`, `r` or `p`."""

    epoch: int
    kind: str
    name: str


def device_key(epoch: int, device_id: str) -> bytes:
    """Where a device's state stands."""
    return f"{epoch:016x}/d/{device_id}".encode()


def registry_piece_key(epoch: int, registry_key: str) -> bytes:
    """Where a version of a rule, silence or policy stands."""
    return f"{epoch:016x}/r/{registry_key}".encode()


def position_key(epoch: int) -> bytes:
    """Where the position record stands, without which a snapshot does not count."""
    return f"{epoch:016x}/p".encode()


def parse_key(key: bytes) -> Key | None:
    """The parts of a key, None if it is none of ours."""
    try:
        epoch, kind, *name = key.decode().split("/", 2)
        return Key(int(epoch, 16), kind, name[0] if name else "")
    except (UnicodeDecodeError, ValueError):
        return None
