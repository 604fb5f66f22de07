"""Making detection's outputs durable on `iiot.alerts`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from pipeline.alert_codec import encode_output, output_id
from pipeline.alerts import AlertEvent, Output, RuleSuspended
from pipeline.process import metrics
from pipeline.topics import ALERTS

_DURABLE_SECONDS = 10.0


class Emitter:
    """Sends outputs of one partition; what a predecessor has sent already is not sent again.

    `found` holds the ids of the records that stand in `iiot.alerts` since the snapshot.
    """

    def __init__(self, producer: AIOKafkaProducer, partition: int, found: set[str], end: int) -> None:
        self._producer = producer
        self._partition = partition
        self._found = found
        self.end = end
        """The offset after the last alert known to be durable in this partition."""

    async def emit(self, outputs: Sequence[Output]) -> None:
        """Return once all outputs are durable; raises TimeoutError or Kafka's errors, and then any of them may be."""
        due = [output for output in outputs if not self._is_found(output)]
        if not due:
            return
        async with asyncio.timeout(_DURABLE_SECONDS):
            sent = []
            for output in due:
                encoded = encode_output(output)
                sent.append(
                    await self._producer.send(
                        ALERTS.name,
                        encoded.body,
                        key=output.device_id.encode(),
                        partition=self._partition,
                        headers=list(encoded.headers),
                    )
                )
            for metadata in await asyncio.gather(*sent):
                self.end = max(self.end, metadata.offset + 1)
        for output in due:
            if isinstance(output, AlertEvent):
                metrics.ALERTS_EMITTED.labels(output.transition).inc()
            elif isinstance(output, RuleSuspended):
                metrics.RULES_SUSPENDED.inc()

    def forget_found(self) -> None:
        """The predecessor's stretch is folded: nothing found can come again."""
        self._found.clear()

    def _is_found(self, output: Output) -> bool:
        if not self._found:
            return False
        ident = output_id(output)
        if ident not in self._found:
            return False
        self._found.discard(ident)
        return True
