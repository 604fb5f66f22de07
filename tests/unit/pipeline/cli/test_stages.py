"""What the status screen says, from two looks."""

from __future__ import annotations

from dataclasses import replace

from pipeline.cli.stages import Page, Sample, Stage, Stored, describe_stages

EVENTS, ALERTS = "iiot.events", "iiot.alerts"


def page(**values: float) -> Page:
    return Page([(name, {}, value) for name, value in values.items()])


def detect_page(readings: float, behind: float) -> Page:
    lag = {"process": "detect", "topic": EVENTS, "partition": "0"}
    return Page([("iiot_folded_readings_total", {"fate": "judged"}, readings), ("iiot_lag_records", lag, behind)])


def sample(at: float, count: int) -> Sample:
    """A look at a plant that does `count` things a second, all well."""
    return Sample(
        at=at, mqtt=True, redis=True,
        pages={
            "bridge": page(iiot_bridge_active=1, iiot_mqtt_connected=1, iiot_mqtt_pending=3,
                           iiot_mqtt_received_total=count * at, iiot_mqtt_acknowledged_total=count * at),
            "detect": detect_page(count * at, 7), "project": page(), "api": page(iiot_socketio_clients=2),
        },
        ends={EVENTS: {0: int(count * at), 1: 10}, ALERTS: {0: 5}},
        stored=Stored({(EVENTS, 0): int(count * at) - 4, (EVENTS, 1): 9, (ALERTS, 0): 4},
                      int(count * at), 8, 4, 2, 30),
        where={"kafka": "here:9092", "mqtt": "here:1883", "postgres": "here:5432", "detect": "127.0.0.1:5012"},
    )  # fmt: skip


BEFORE, NOW = sample(10, 100), sample(12, 100)


def by_name(before: Sample, now: Sample) -> dict[str, Stage]:
    return {stage.name: stage for stage in describe_stages(before, now)}


def test_a_running_plant_shows_rates_and_lags_and_no_trouble() -> None:
    stages = by_name(BEFORE, NOW)
    assert list(stages) == ["mqtt", "bridge", "journal", "detect", "project", "alerts", "api"]
    assert [stage.trouble for stage in stages.values()] == [None] * 7
    assert stages["mqtt"].rate == "100 messages/s"
    assert stages["bridge"].behind == "3 messages"
    assert stages["detect"].behind == "7 records"
    assert stages["project"].rate == "100 values/s"
    assert stages["project"].behind == "3 records"
    assert stages["alerts"].does == "2 open of 30"
    assert stages["api"].does == "2 live clients"


def test_each_thing_that_is_away_is_said_at_its_stage() -> None:
    assert "here:1883" in str(by_name(BEFORE, replace(NOW, mqtt=False))["mqtt"].trouble)
    assert "here:9092" in str(by_name(BEFORE, replace(NOW, ends=None))["journal"].trouble)
    assert "here:5432" in str(by_name(BEFORE, replace(NOW, stored=None))["project"].trouble)
    assert "iiot topics create" in str(by_name(BEFORE, replace(NOW, ends={EVENTS: {}, ALERTS: {}}))["journal"].trouble)
    without = replace(NOW, pages={**NOW.pages, "detect": None})
    assert "127.0.0.1:5012" in str(by_name(BEFORE, without)["detect"].trouble)


def test_a_bridge_that_stands_by_or_lost_the_broker_says_so() -> None:
    standby = replace(NOW, pages={**NOW.pages, "bridge": page()})
    assert "stands by" in str(by_name(BEFORE, standby)["bridge"].trouble)
    lonely = replace(NOW, pages={**NOW.pages, "bridge": page(iiot_bridge_active=1)})
    assert "not connected" in str(by_name(BEFORE, lonely)["bridge"].trouble)


def test_a_process_started_anew_shows_no_negative_rate() -> None:
    anew = replace(NOW, pages={**NOW.pages, "detect": detect_page(0, 0)})
    assert by_name(BEFORE, anew)["detect"].rate == "0 readings/s"
