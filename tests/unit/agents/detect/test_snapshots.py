from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from agents.detect.emission import Emitter
from agents.detect.keys import parse_key
from agents.detect.snapshot_store import Item, SnapshotStore
from agents.detect.snapshots import Snapshotter, choose
from pipeline import fold
from pipeline.errors import JournalMismatch
from pipeline.events import Event, Reading, Readings
from tests.support import sawtooth

JOURNAL = "journal-1"


class MemoryStore(SnapshotStore):
    """Keeps items in a dict; fails after `limit` items if one is set."""

    def __init__(self) -> None:
        self.items: dict[bytes, bytes] = {}
        self.limit: int | None = None

    def read(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        return iter(sorted(self.items.items()))

    async def write(self, partition: int, items: Sequence[Item]) -> None:
        for count, (key, value) in enumerate(items):
            if self.limit is not None and count >= self.limit:
                raise TimeoutError
            if value is None:
                self.items.pop(key, None)
            else:
                self.items[key] = value


class Run:
    """Folds events and writes snapshots of an epoch."""

    def __init__(self, store: MemoryStore, epoch: int, state: fold.State | None = None, journal: str = JOURNAL) -> None:
        self.state = state or fold.new_state(0)
        self.emitter = Emitter(None, 0, set(), 7)
        self.snapshotter = Snapshotter(store, epoch, journal, 3)

    def fold(self, *events: Event) -> None:
        for event in events:
            step = fold.step(self.state, self.state.position + 1, 1_700_000_000_000, event)
            fold.apply(self.state, step)
            self.snapshotter.note(step)

    async def write(self) -> None:
        await self.snapshotter.write(self.state, self.emitter, 0.0)


def hot(device: str, second: int, value: float = 150.0) -> Readings:
    return Readings((Reading(device, 1_700_000_000_000 + second * 1000, {"temperature": value}),))


async def test_a_snapshot_is_the_state_it_was_written_from() -> None:
    store = MemoryStore()
    run = Run(store, epoch=5)
    run.fold(sawtooth.rule(), hot("a", 1), hot("b", 2))
    await run.write()
    run.fold(hot("a", 3, 1.0), sawtooth.rule(version=2))
    await run.write()
    found = choose(store.read(0), 100, JOURNAL, 0)
    assert found is not None
    assert found.state == run.state


async def test_until_the_epoch_is_folded_successors_look_where_the_predecessors_alerts_began() -> None:
    store = MemoryStore()
    run = Run(store, epoch=2)
    run.fold(hot("a", 1))
    await run.write()
    found = choose(store.read(0), 100, JOURNAL, 0)
    assert found is not None
    assert found.alerts_end == 3
    run.fold(hot("a", 2), hot("a", 3))
    await run.write()
    found = choose(store.read(0), 100, JOURNAL, 0)
    assert found is not None
    assert found.alerts_end == 7


async def test_a_first_snapshot_cut_off_half_way_leaves_the_one_of_the_epoch_before() -> None:
    store = MemoryStore()
    before = Run(store, epoch=5)
    before.fold(sawtooth.rule(), hot("a", 1), hot("b", 2))
    await before.write()
    expected = before.state

    loaded = choose(store.read(0), 9, JOURNAL, 0)
    assert loaded is not None
    after = Run(store, epoch=9, state=loaded.state)
    after.fold(hot("a", 4), hot("c", 5))
    store.limit = 2
    with pytest.raises(TimeoutError):
        await after.write()
    store.limit = None
    found = choose(store.read(0), 100, JOURNAL, 0)
    assert found is not None
    assert (found.state.position, set(found.state.devices)) == (expected.position, {"a", "b"})


async def test_a_later_snapshot_cut_off_half_way_loses_nothing_and_is_completed_by_the_next() -> None:
    store = MemoryStore()
    run = Run(store, epoch=5)
    run.fold(sawtooth.rule(), hot("a", 1), hot("b", 2))
    await run.write()
    run.fold(hot("a", 3, 1.0), hot("b", 4, 2.0), sawtooth.rule(version=2))
    store.limit = 1
    with pytest.raises(TimeoutError):
        await run.write()
    store.limit = None
    cut = choose(store.read(0), 100, JOURNAL, 0)
    assert cut is not None
    assert cut.state.position == 2
    await run.write()
    found = choose(store.read(0), 100, JOURNAL, 0)
    assert found is not None
    assert found.state == run.state


async def test_what_a_worker_of_an_older_epoch_still_writes_is_read_by_nobody() -> None:
    store = MemoryStore()
    zombie = Run(store, epoch=5)
    zombie.fold(sawtooth.rule(), hot("a", 1))
    await zombie.write()
    loaded = choose(store.read(0), 9, JOURNAL, 0)
    assert loaded is not None
    owner = Run(store, epoch=9, state=loaded.state)
    owner.fold(hot("b", 2))
    await owner.write()
    zombie.fold(hot("z", 3), hot("z", 4), hot("z", 5))
    await zombie.write()
    found = choose(store.read(0), 100, JOURNAL, 0)
    assert found is not None
    assert found.state == owner.state


async def test_a_complete_first_snapshot_deletes_those_of_older_epochs() -> None:
    store = MemoryStore()
    before = Run(store, epoch=5)
    before.fold(sawtooth.rule(), hot("a", 1))
    await before.write()
    after = Run(store, epoch=9, state=before.state)
    after.fold(hot("a", 2))
    await after.write()
    assert {key.epoch for raw in store.items if (key := parse_key(raw)) is not None} == {9}


async def test_a_snapshot_with_a_device_missing_does_not_count() -> None:
    store = MemoryStore()
    run = Run(store, epoch=5)
    run.fold(sawtooth.rule(), hot("a", 1), hot("b", 2))
    await run.write()
    del store.items[next(key for key in store.items if b"/d/" in key)]
    assert choose(store.read(0), 100, JOURNAL, 0) is None


async def test_a_snapshot_of_another_fold_version_is_folded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    run = Run(store, epoch=5)
    run.fold(hot("a", 1))
    await run.write()
    monkeypatch.setattr("agents.detect.snapshots.FOLD_VERSION", fold.FOLD_VERSION + 1)
    assert choose(store.read(0), 100, JOURNAL, 0) is None


async def test_a_snapshot_of_another_journal_stops_the_start_and_names_the_command() -> None:
    store = MemoryStore()
    run = Run(store, epoch=5, journal="another")
    run.fold(hot("a", 1))
    await run.write()
    with pytest.raises(JournalMismatch, match="iiot journal adopt"):
        choose(store.read(0), 100, JOURNAL, 0)
