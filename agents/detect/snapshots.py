"""Snapshots: when to write one, what goes into it, and which of those that were found counts.

A snapshot is a set of device states and registry pieces, each with the offset it includes, and a position record that
is written last. What is newer than the position does no harm, so a snapshot cut off half-way is still the one before.
Keys carry the epoch: a worker that was paused and wakes up writes into an epoch that nobody reads any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from agents.detect.emission import Emitter
from agents.detect.keys import Key, device_key, parse_key, position_key, registry_piece_key
from agents.detect.snapshot_store import Item, SnapshotStore
from pipeline.errors import InvalidInput, JournalMismatch
from pipeline.fold import FOLD_VERSION, State, Step
from pipeline.fold.registry import Registry
from pipeline.fold.snapshot import (
    PositionRecord,
    assemble,
    decode_position,
    encode_device,
    encode_position,
    encode_registry_item,
    registry_key,
)
from pipeline.process import metrics
from pipeline.process.logs import get_log

_EVERY_SECONDS = 5.0
_EVERY_RECORDS = 5_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state as it was stored, and where `iiot.alerts` ended then."""

    state: State
    alerts_end: int


def choose(stored: Iterable[tuple[bytes, bytes]], below_epoch: int, journal_id: str, partition: int) -> Snapshot | None:
    """The snapshot of the highest complete epoch below the given one; None if there is none of this fold version.

    Complete means: a position record, and at least as many states and items as it counts. Raises JournalMismatch if
    that snapshot belongs to another journal.
    """
    by_epoch: dict[int, list[tuple[Key, bytes]]] = defaultdict(list)
    for raw, value in stored:
        key = parse_key(raw)
        if key is not None and key.epoch < below_epoch:
            by_epoch[key.epoch].append((key, value))
    for epoch in sorted(by_epoch, reverse=True):
        snapshot = _complete(by_epoch[epoch], journal_id, partition)
        if snapshot is not None:
            return snapshot
        get_log("snapshots").warning("snapshot_unusable", partition=partition, epoch=epoch)
    return None


def _complete(stored: list[tuple[Key, bytes]], journal_id: str, partition: int) -> Snapshot | None:
    try:
        position = next((decode_position(value) for key, value in stored if key.kind == "p"), None)
        if position is None:
            return None
        if position.journal_id != journal_id:
            raise JournalMismatch(
                f"the snapshot of partition {partition} belongs to journal {position.journal_id}, Kafka holds"
                f" {journal_id}; to start from the journal that is there, run: iiot journal adopt"
            )
        if position.fold_version != FOLD_VERSION:
            return None
        devices = (value for key, value in stored if key.kind == "d")
        pieces = (value for key, value in stored if key.kind == "r")
        return Snapshot(assemble(partition, position, devices, pieces), position.alerts_end)
    except InvalidInput as error:
        get_log("snapshots").warning("snapshot_incomplete", partition=partition, error=str(error))
        return None


@dataclass(slots=True)
class Snapshotter:
    """Writes the snapshots of one epoch; the first is full, the others hold what changed."""

    store: SnapshotStore
    epoch: int
    journal_id: str
    alerts_from: int
    """The end of `iiot.alerts` that successors must look behind while a predecessor's stretch is folded."""
    _written_registry: Registry | None = None
    _pieces: set[bytes] = field(default_factory=set)
    _next_at: float = 0.0
    _records: int = 0
    _dirty: set[str] = field(default_factory=set)
    _full: bool = True
    _older_remain: bool = True

    def note(self, step: Step) -> None:
        """Remember what a step changed; call it once the step is applied."""
        self._dirty.update(step.devices)
        self._records += 1

    def is_due(self, now: float) -> bool:
        """Whether enough time has passed, or enough was folded, since the last one; `now` is monotonic seconds."""
        return self._records > 0 and (now >= self._next_at or self._records >= _EVERY_RECORDS)

    async def write(self, state: State, emitter: Emitter, now: float) -> None:
        """Make the state durable; raises what the store raises, and then the former snapshot still counts.

        Must not run while the state changes.
        """
        self._records = 0
        self._next_at = now + _EVERY_SECONDS
        if state.position >= self.epoch:
            self.alerts_from = emitter.end
        changed = state.registry is not self._written_registry
        pieces = self._registry_pieces(state.registry) if changed else {}
        added = {key: value for key, value in pieces.items() if key not in self._pieces}
        await self.store.write(
            state.partition, [*self._device_items(state), *added.items(), self._position_item(state)]
        )
        self._dirty.clear()
        self._full = False
        metrics.SNAPSHOTS_WRITTEN.inc()
        if changed:
            await self._delete(state.partition, self._pieces - pieces.keys())
            self._pieces = set(pieces)
            self._written_registry = state.registry
        if self._older_remain:
            await self._delete(state.partition, self._older(state.partition))
            self._older_remain = False

    def _device_items(self, state: State) -> list[Item]:
        names = state.devices if self._full else self._dirty
        return [(device_key(self.epoch, name), encode_device(name, state.devices[name])) for name in names]

    def _registry_pieces(self, registry: Registry) -> dict[bytes, bytes]:
        return {
            registry_piece_key(self.epoch, registry_key(item)): encode_registry_item(item) for item in registry.items()
        }

    def _position_item(self, state: State) -> Item:
        record = PositionRecord(
            position=state.position,
            journal_time=state.journal_time,
            fold_version=FOLD_VERSION,
            journal_id=self.journal_id,
            device_count=len(state.devices),
            registry_count=len(state.registry.items()),
            alerts_end=self.alerts_from,
            ticked=state.ticked,
            last_tick=state.last_tick,
        )
        return position_key(self.epoch), encode_position(record)

    def _older(self, partition: int) -> list[bytes]:
        stored = [key for key, _ in self.store.read(partition)]
        return [key for key in stored if (parsed := parse_key(key)) is None or parsed.epoch < self.epoch]

    async def _delete(self, partition: int, keys: Iterable[bytes]) -> None:
        await self.store.write(partition, [(key, None) for key in keys])
