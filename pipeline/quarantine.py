"""Records of `iiot.quarantine`: what could not be understood, kept byte for byte with the reason.

Value: the raw bytes. Key: the device id where one is known. Headers: `v`, `reason` (a stable code), `message`
(a sentence), `by` (the process), `source`, `received_at` (RFC 3339), and `index` for one element of a list.
`source` is `mqtt:<topic>`, `mqtt-hex:<bytes>` if the topic is not UTF-8, or `kafka:<topic>/<partition>/<offset>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pipeline.codec import MAX_BODY_BYTES, Encoded, Headers
from pipeline.errors import InvalidInput, UnknownVersion
from pipeline.instants import format_instant, parse_instant

VERSION = 1
_MAX_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class MqttSource:
    """The topic a message came in on, as it was on the wire."""

    topic: bytes


@dataclass(frozen=True, slots=True)
class KafkaSource:
    """The coordinates of a record."""

    topic: str
    partition: int
    offset: int


Source: TypeAlias = MqttSource | KafkaSource


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One input that was not understood; `index` is its place in a list or frame."""

    reason: str
    message: str
    by: str
    source: Source
    received_at: int
    raw: bytes
    device_id: str | None = None
    index: int | None = None


def encode_quarantined(item: Quarantined) -> Encoded:
    """Encode for `iiot.quarantine`; raw bytes beyond 512 KiB are cut, and the message says so."""
    raw, message = item.raw, item.message[:_MAX_MESSAGE]
    if len(raw) > MAX_BODY_BYTES:
        raw, message = raw[:MAX_BODY_BYTES], f"{message} (cut from {len(raw)} bytes)"
    headers: Headers = (
        ("v", str(VERSION).encode()),
        ("reason", item.reason.encode()),
        ("message", message.encode(errors="replace")),
        ("by", item.by.encode()),
        ("source", format_source(item.source).encode()),
        ("received_at", format_instant(item.received_at).encode()),
    )
    if item.index is not None:
        headers += (("index", str(item.index).encode()),)
    return Encoded(headers, raw)


def quarantine_key(item: Quarantined) -> bytes | None:
    """The record's key; it decides the partition."""
    return None if item.device_id is None else item.device_id.encode()


def decode_quarantined(key: bytes | None, headers: Headers, body: bytes | None) -> Quarantined:
    """Decode a record of `iiot.quarantine`; raises UnknownVersion or InvalidInput (reason `undecodable`)."""
    given = dict(headers)
    try:
        version = int(given["v"])
        if version > VERSION:
            raise UnknownVersion(f"a quarantine record of version {version} was written by a newer release")
        return Quarantined(
            reason=given["reason"].decode(),
            message=given["message"].decode(),
            by=given["by"].decode(),
            source=parse_source(given["source"].decode()),
            received_at=parse_instant(given["received_at"].decode()),
            raw=body or b"",
            device_id=None if key is None else key.decode(),
            index=int(given["index"]) if "index" in given else None,
        )
    except (KeyError, ValueError, InvalidInput) as error:
        raise InvalidInput("undecodable", f"the record is no quarantine record: {type(error).__name__}") from None


def format_source(source: Source) -> str:
    """A source as text."""
    if isinstance(source, KafkaSource):
        return f"kafka:{source.topic}/{source.partition}/{source.offset}"
    try:
        return f"mqtt:{source.topic.decode()}"
    except UnicodeDecodeError:
        return f"mqtt-hex:{source.topic.hex()}"


def parse_source(text: str) -> Source:
    """The source a text names; ValueError if it names none."""
    kind, _, rest = text.partition(":")
    if kind == "mqtt":
        return MqttSource(rest.encode())
    if kind == "mqtt-hex":
        return MqttSource(bytes.fromhex(rest))
    if kind == "kafka":
        topic, partition, offset = rest.rsplit("/", 2)
        return KafkaSource(topic, int(partition), int(offset))
    raise ValueError("neither mqtt nor kafka")
