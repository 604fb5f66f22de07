"""Events into changes, without a server."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import (
    CommandAnswered,
    Device,
    DeviceDefined,
    DeviceRemoved,
    Event,
    PolicyDefined,
    Readings,
    RefusedEntry,
    StatusReported,
    Ticked,
)
from pipeline.journal.records import Record
from pipeline.policy import DEFAULT_POLICY, Policy
from sinks.postgres.projection.frames import devices_named, places
from sinks.postgres.projection.journal import decide
from sinks.postgres.projection.rows import JournalChanges, Known
from tests.support.records import NOW, event_record, frame

STRICT = Policy(auto_register=False)


def numbered(events: Sequence[Event], start: int = 0) -> list[tuple[Record, Event]]:
    return [(event_record(event, offset), event) for offset, event in enumerate(events, start)]


def of(*events: Event, known: dict[str, Known] | None = None, policy: Policy = DEFAULT_POLICY) -> JournalChanges:
    return decide(numbered(events), known or {}, policy, 0)


def test_every_device_that_matters_is_named() -> None:
    events: list[Event] = [
        frame(("a", NOW, {"k": 1}), ("b", NOW, {})),
        StatusReported("c", NOW, "online"),
        CommandAnswered("d", NOW, "1", {}),
        DeviceDefined(1, Device("e", "E")),
        DeviceRemoved(1, "f"),
        Ticked(1000),
    ]
    assert devices_named(numbered(events)) == {"a", "b", "c", "d", "e", "f"}


def test_a_known_device_registers_nothing_and_stays_what_it_is() -> None:
    changes = of(frame(("d", NOW, {"k": 1})), known={"d": Known(3, removed=False, status="maintenance")})
    assert (changes.registrations, changes.statuses, changes.known) == ([], [], {})
    assert changes.seen == {"d": NOW}


def test_a_stranger_registers_once_however_often_it_comes() -> None:
    changes = of(frame(("d", NOW, {"k": 1}), ("d", NOW + 1, {"k": 2})), CommandAnswered("d", NOW, "1", {}))
    assert [row.device_id for row in changes.registrations] == ["d"]
    assert len(changes.telemetry) == 2


def test_the_policy_counts_from_its_place_on() -> None:
    reading = frame(("d", NOW, {"k": 1}))
    changes = of(PolicyDefined(2, STRICT), PolicyDefined(1, DEFAULT_POLICY), reading)
    assert (changes.policy, changes.policy_version) == (STRICT, 2)
    assert [item.reason for item in changes.quarantined] == ["unknown_device"]
    assert changes.telemetry == []


def test_a_quarantined_reading_carries_its_place_and_its_bytes() -> None:
    changes = of(
        frame(("d", NOW, {"k": 1}), ("e", NOW, {"k": 2})), known={"d": Known(1, False, "online")}, policy=STRICT
    )
    (item,) = changes.quarantined
    assert (item.index, item.device_id, item.raw) == (1, "e", b'["e",1750000000000,{"k":2}]')


def test_a_definition_and_a_removal_in_one_batch_keep_what_was_defined() -> None:
    device = Device("d", "Dee")
    changes = of(DeviceDefined(1, device), DeviceRemoved(2, "d"))
    (row,) = changes.devices
    assert (row.device, row.removed, row.version) == (device, True, 2)


def test_a_lower_version_is_a_copy() -> None:
    changes = of(DeviceDefined(2, Device("d", "Dee")), DeviceRemoved(1, "d"), known={"d": Known(2, False, "online")})
    assert changes.devices == []


def test_the_last_word_on_a_status_counts() -> None:
    changes = of(
        frame(("d", NOW, {"k": 1})),
        StatusReported("d", NOW, "offline"),
        frame(("d", NOW + 1, {"k": 1})),
        StatusReported("d", NOW, "fault", {"code": 7}),
    )
    (row,) = changes.statuses
    assert (row.status, row.details, changes.known["d"].status) == ("fault", '{"code":7}', "fault")


def test_places_count_the_entries_that_decoding_refused() -> None:
    decoded = Readings(frame(("a", 1, {}), ("b", 2, {})).entries, (RefusedEntry(0, b""), RefusedEntry(2, b"")))
    assert list(places(decoded)) == [1, 3]


devices = st.sampled_from(["a", "b"])
events = st.one_of(
    st.builds(lambda d, k: frame((d, NOW, {k: 1.0})), devices, st.sampled_from("kl")),
    st.builds(lambda d, v: DeviceDefined(v, Device(d, f"v{v}")), devices, st.integers(1, 4)),
    st.builds(lambda d, v: DeviceRemoved(v, d), devices, st.integers(1, 4)),
    st.builds(lambda d, s: StatusReported(d, NOW, s), devices, st.sampled_from(["online", "offline", "fault"])),
    st.builds(lambda v, a: PolicyDefined(v, Policy(auto_register=a)), st.integers(1, 4), st.booleans()),
)


@given(st.lists(events, max_size=12), st.integers(0, 12))
def test_wherever_a_stretch_is_cut_the_readings_meet_the_same_fate(stretch: list[Event], cut: int) -> None:
    whole = decide(numbered(stretch), {}, DEFAULT_POLICY, 0)
    first = decide(numbered(stretch[:cut]), {}, DEFAULT_POLICY, 0)
    second = decide(numbered(stretch[cut:], cut), first.known, first.policy, first.policy_version)
    assert first.telemetry + second.telemetry == whole.telemetry
    assert first.quarantined + second.quarantined == whole.quarantined
    assert {**first.known, **second.known} == whole.known
    assert {**first.seen, **second.seen} == whole.seen
    assert (second.policy, second.policy_version) == (whole.policy, whole.policy_version)
