"""Every Kafka topic of the platform, from this one list; nothing else creates or names one.

All carry `message.timestamp.type=LogAppendTime`: the broker's append time is the journal's clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

_HOUR = 3_600_000
_DAY = 24 * _HOUR

DETECT_APP = "iiot-detect"
PROJECT_APP = "iiot-project"
SNAPSHOT_TABLE = "snapshot"

Spread: TypeAlias = Literal["journal", "single"]
"""`journal`: as many partitions as the journal has; `single`: one."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is created."""

    name: str
    purpose: str
    spread: Spread
    config: Mapping[str, str]


def _kept(days: int, **more: str) -> dict[str, str]:
    return {
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "delete",
        "retention.ms": str(days * _DAY),
        **{name.replace("_", "."): value for name, value in more.items()},
    }


def _compacted(**more: str) -> dict[str, str]:
    return {
        "message.timestamp.type": "LogAppendTime",
        "cleanup.policy": "compact",
        **{name.replace("_", "."): value for name, value in more.items()},
    }


EVENTS = Topic("iiot.events", "the journal", "journal", _kept(7, segment_bytes=str(128 * 2**20)))
ALERTS = Topic("iiot.alerts", "alert events", "journal", _kept(90))
COMMANDS = Topic("iiot.commands", "commands to devices", "journal", _kept(1))
QUARANTINE = Topic("iiot.quarantine", "what could not be understood, with the reason", "journal", _kept(30))
META = Topic("iiot.meta", "journal id and partition count", "single", _compacted())
SNAPSHOTS = Topic(
    f"{DETECT_APP}-{SNAPSHOT_TABLE}-changelog",
    "snapshots of detection's state",
    "journal",
    _compacted(segment_ms=str(_HOUR), min_cleanable_dirty_ratio="0.1", delete_retention_ms=str(_HOUR)),
)

TOPICS: tuple[Topic, ...] = (
    EVENTS,
    ALERTS,
    COMMANDS,
    QUARANTINE,
    META,
    SNAPSHOTS,
)
"""In the order of their creation."""
