"""A person's word on an alert gets detection's answer within its time."""

from __future__ import annotations

from pipeline.alerts import AlertEvent
from pipeline.events import AlertAcknowledged, AlertClosed
from pipeline.settings import Settings
from sinks.commands import open_answers
from sinks.postgres.connect import make_pool
from sinks.postgres.migrate import migrate
from tests.support import sawtooth
from tests.support.topics import fresh_journal, journal_writer, read_outputs
from tests.support.waiting import wait_until
from tests.support.workers import Worker


async def test_an_acknowledgement_is_answered_once_and_its_repeat_as_unchanged(
    settings: Settings, started: list[Worker]
) -> None:
    journal = await fresh_journal(settings)
    await migrate(settings)
    async with journal_writer(settings, journal) as writer, make_pool(settings, max_size=2) as pool:
        await writer.append(sawtooth.rule())
        for partition, frame in sawtooth.frames(1, 0, 15, writer.partitions):
            await writer.append_frame(partition, frame)
        started.append(Worker(settings, "detect", name="detect"))

        async def raised() -> list[AlertEvent]:
            return [each for each in await read_outputs(settings) if isinstance(each, AlertEvent)]

        await wait_until(raised, 60, "the alert")
        alert = (await raised())[0]
        async with open_answers(settings, pool) as answers:
            for event, wanted in (
                (AlertAcknowledged(alert.alert_id, alert.device_id, alert.rule_id, "anna", "on it"), "acknowledged"),
                (AlertAcknowledged(alert.alert_id, alert.device_id, alert.rule_id, "anna"), "unchanged"),
                (AlertClosed(alert.alert_id, alert.device_id, alert.rule_id, "anna"), "closed"),
                (AlertAcknowledged("none", alert.device_id, alert.rule_id, "anna"), "refused"),
            ):
                outcome = await answers.give(event)
                assert outcome.is_journaled
                said = outcome.output
                assert wanted in (getattr(said, "transition", None), getattr(said, "outcome", None))
