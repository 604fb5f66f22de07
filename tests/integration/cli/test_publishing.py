"""The publisher believes the broker's acknowledgements, and nothing else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from pipeline.cli.failures import Unreachable
from pipeline.cli.publishing import Publisher
from pipeline.settings import Settings
from tests.support.waiting import wait_until_blocking

CONNECT, PUBLISH = 1, 3
CONNACK = bytes.fromhex("2003000000")


class WithholdingBroker:
    """Accepts one MQTT 5 client and acknowledges its messages only when it is told to."""

    def __init__(self) -> None:
        self.received: list[int] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def acknowledge(self, packet_id: int, reason: int = 0) -> None:
        """Send the acknowledgement of a message; a reason of 0x80 and above refuses it."""
        assert self._connection is not None
        self._connection.sendall(bytes([0x40, 3]) + packet_id.to_bytes(2, "big") + bytes([reason]))

    def close(self) -> None:
        for each in (self._listener, self._connection):
            if each is not None:
                with contextlib.suppress(OSError):  # not connected (any more)
                    each.shutdown(socket.SHUT_RDWR)  # wakes up the thread that waits on it
        self._thread.join(5)
        for each in (self._listener, self._connection):
            if each is not None:
                each.close()

    def _serve(self) -> None:
        try:
            self._connection, _ = self._listener.accept()
            with self._connection.makefile("rb") as stream:
                while head := stream.read(1):
                    body = stream.read(stream.read(1)[0])  # what this test sends is shorter than 128 bytes
                    if head[0] >> 4 == CONNECT:
                        self._connection.sendall(CONNACK)
                    elif head[0] >> 4 == PUBLISH:
                        topic = int.from_bytes(body[:2], "big")
                        self.received.append(int.from_bytes(body[2 + topic : 4 + topic], "big"))
        except OSError:
            return  # closed by the test


@pytest.fixture
def broker() -> Iterator[WithholdingBroker]:
    """A broker of the test's own."""
    made = WithholdingBroker()
    yield made
    made.close()


@pytest.fixture
def publisher(broker: WithholdingBroker) -> Iterator[Publisher]:
    """A publisher that is connected to it, with a window of four messages."""
    made = Publisher(
        Settings(_env_file=None, mqtt_broker_host="127.0.0.1", mqtt_broker_port=broker.port), "test", window=4
    )
    made.connect()
    yield made
    made.close()


def test_only_what_the_broker_acknowledged_is_counted(publisher: Publisher, broker: WithholdingBroker) -> None:
    for number in range(4):
        publisher.publish("a/b", str(number).encode())
    wait_until_blocking(lambda: len(broker.received) == 4, 5, "the messages to arrive")
    assert publisher.acknowledged == 0
    broker.acknowledge(broker.received[0])
    broker.acknowledge(broker.received[1], reason=0x87)  # not authorized
    wait_until_blocking(lambda: publisher.acknowledged == 1 and publisher.refused == 1, 5, "both answers")
    assert publisher.published == 4


def test_no_more_than_the_window_is_under_way(publisher: Publisher, broker: WithholdingBroker) -> None:
    done = threading.Event()

    def publish_all() -> None:
        for number in range(6):
            publisher.publish("a/b", str(number).encode())
        publisher.drain()
        done.set()

    worker = threading.Thread(target=publish_all, daemon=True)
    worker.start()
    for acknowledged in range(6):
        wait_until_blocking(lambda: len(broker.received) > acknowledged, 5, "the next message")  # noqa: B023
        assert len(broker.received) - acknowledged <= 4
        assert not done.is_set()
        broker.acknowledge(broker.received[acknowledged])
    assert done.wait(5)
    worker.join(5)


def test_a_broker_that_is_away_is_named(broker: WithholdingBroker) -> None:
    broker.close()
    settings = Settings(_env_file=None, mqtt_broker_host="127.0.0.1", mqtt_broker_port=broker.port)
    with pytest.raises(Unreachable, match=f"127.0.0.1:{broker.port}"):
        Publisher(settings, "test").connect()
