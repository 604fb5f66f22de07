"""What runs below a process."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below `pid`, nearest first, also those with a session of their own."""
    children: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue  # it ended while we looked
        # The name stands in parentheses and may contain anything; the parent follows the state after it.
        children[int(text.rpartition(")")[2].split()[1])].append(int(text.partition(" ")[0]))
    found: list[int] = []
    waiting = list(children[pid])
    while waiting:
        each = waiting.pop(0)
        found.append(each)
        waiting += children[each]
    return found
