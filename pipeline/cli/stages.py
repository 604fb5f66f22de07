"""What the stages of the platform do right now, told from two looks at them. Pure: the looking is `sampling`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.topics import ALERTS, EVENTS


@dataclass(frozen=True, slots=True)
class Page:
    """A process's metrics: (name, labels, value)."""

    samples: Sequence[tuple[str, Mapping[str, str], float]] = ()

    def total(self, name: str, **labels: str) -> float:
        """The sum over all samples of this name that carry these labels."""
        return sum(
            value
            for sample, given, value in self.samples
            if sample == name and all(given.get(label) == wanted for label, wanted in labels.items())
        )

    def by_partition(self, name: str, **labels: str) -> dict[int, float]:
        """The samples of a name by their label `partition`."""
        return {
            int(given["partition"]): value
            for sample, given, value in self.samples
            if sample == name and all(given.get(label) == wanted for label, wanted in labels.items())
        }


@dataclass(frozen=True, slots=True)
class Stored:
    """What PostgreSQL holds: positions by topic and partition, and a few counts."""

    positions: Mapping[tuple[str, int], int]
    telemetry_rows: int
    devices: int
    rules: int
    alerts_open: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One look; None where something did not answer. `at` is in seconds of any steady clock."""

    at: float
    mqtt: bool
    pages: Mapping[str, Page | None]
    ends: Mapping[str, Mapping[int, int]] | None
    stored: Stored | None
    redis: bool
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    """One line of the screen. `trouble` says in words what is wrong, None while nothing is."""

    name: str
    does: str
    rate: str
    behind: str
    trouble: str | None = None


def describe_stages(before: Sample, now: Sample) -> list[Stage]:
    """The stages in the order in which data passes them."""
    return [_mqtt(before, now), _bridge(before, now), _journal(before, now), _detect(before, now),
            _project(before, now), _alerts(before, now), _api(before, now)]  # fmt: skip


def _mqtt(before: Sample, now: Sample) -> Stage:
    trouble = None if now.mqtt else f"the MQTT broker at {now.where.get('mqtt')} does not answer: devices cannot send"
    return Stage("mqtt", "devices send", _page_rate(before, now, "bridge", "iiot_mqtt_received_total", "messages"),
                 "", trouble)  # fmt: skip


def _bridge(before: Sample, now: Sample) -> Stage:
    page = now.pages.get("bridge")
    if page is None:
        return Stage("bridge", "MQTT to journal", "", "", _down(now, "bridge", "what devices send waits at the broker"))
    trouble = None
    if not page.total("iiot_bridge_active"):
        trouble = "the bridge stands by: another one is active, or Kafka does not answer it"
    elif not page.total("iiot_mqtt_connected"):
        trouble = "the bridge is not connected to the MQTT broker"
    waiting = page.total("iiot_mqtt_pending")
    rate = _page_rate(before, now, "bridge", "iiot_mqtt_acknowledged_total", "messages")
    return Stage("bridge", "MQTT to journal", rate, f"{waiting:,.0f} messages", trouble)


def _journal(before: Sample, now: Sample) -> Stage:
    if now.ends is None:
        trouble = f"Kafka at {now.where.get('kafka')} does not answer: nothing new is accepted or judged"
        return Stage("journal", "keeps everything", "", "", trouble)
    if not now.ends.get(EVENTS.name):
        return Stage("journal", "keeps everything", "", "", "there are no topics yet: iiot topics create")
    return Stage("journal", "keeps everything", _growth(before, now, EVENTS.name, "records"), "")


def _detect(before: Sample, now: Sample) -> Stage:
    page = now.pages.get("detect")
    if page is None:
        return Stage("detect", "judges by rules", "", "", _down(now, "detect", "no rule is judged"))
    rate = _page_rate(before, now, "detect", "iiot_folded_readings_total", "readings")
    behind = page.by_partition("iiot_lag_records", process="detect", topic=EVENTS.name)
    trouble = None
    if now.ends is not None and not behind:
        trouble = "detect owns no partition: it is starting, or another worker has them all"
    return Stage("detect", "judges by rules", rate, f"{sum(behind.values()):,.0f} records" if behind else "", trouble)


def _project(before: Sample, now: Sample) -> Stage:
    rate = ""
    if now.stored is not None and before.stored is not None:
        rate = _per_second(now.stored.telemetry_rows - before.stored.telemetry_rows, before, now, "values")
    behind = ""
    if now.stored is not None and now.ends is not None:
        behind = f"{_behind_stored(now.stored, now.ends):,} records"
    if now.stored is None:
        away = f"PostgreSQL at {now.where.get('postgres')} does not answer: storing waits, nothing is lost"
        return Stage("project", "stores", rate, behind, away)
    if now.pages.get("project") is None:
        return Stage("project", "stores", rate, behind, _down(now, "project", "storing waits, nothing is lost"))
    trouble = None if now.redis else f"Redis at {now.where.get('redis')} does not answer: the cache is not written"
    return Stage("project", "stores", rate, behind, trouble)


def _alerts(before: Sample, now: Sample) -> Stage:
    rate = "" if now.ends is None else _growth(before, now, ALERTS.name, "events")
    count = "" if now.stored is None else f"{now.stored.alerts_open:,} open of {now.stored.alerts:,}"
    return Stage("alerts", count, rate, "")


def _api(before: Sample, now: Sample) -> Stage:
    page = now.pages.get("api")
    if page is None:
        return Stage("api", "live updates", "", "", _down(now, "api", "nobody is told live"))
    rate = _page_rate(before, now, "api", "iiot_socketio_emitted_total", "events")
    return Stage("api", f"{page.total('iiot_socketio_clients'):,.0f} live clients", rate, "")


def _down(now: Sample, name: str, consequence: str) -> str:
    return f"{name} does not answer at {now.where.get(name)}: {consequence}; see ./run logs {name}"


def _page_rate(before: Sample, now: Sample, process: str, metric: str, unit: str) -> str:
    first, second = before.pages.get(process), now.pages.get(process)
    if first is None or second is None:
        return ""
    # A process that was started anew counts from zero.
    return _per_second(max(0.0, second.total(metric) - first.total(metric)), before, now, unit)


def _growth(before: Sample, now: Sample, topic: str, unit: str) -> str:
    if before.ends is None or now.ends is None:
        return ""
    first, second = before.ends.get(topic, {}), now.ends.get(topic, {})
    return _per_second(sum(second.values()) - sum(first.values()), before, now, unit)


def _per_second(count: float, before: Sample, now: Sample, unit: str) -> str:
    seconds = now.at - before.at
    rate = count / seconds if seconds > 0 else 0.0
    return f"{rate:,.0f} {unit}/s" if rate >= 10 or rate == 0 else f"{rate:.1f} {unit}/s"


def _behind_stored(stored: Stored, ends: Mapping[str, Mapping[int, int]]) -> int:
    return sum(
        max(0, end - 1 - stored.positions.get((topic, partition), -1))
        for topic in (EVENTS.name, ALERTS.name)
        for partition, end in ends.get(topic, {}).items()
    )
