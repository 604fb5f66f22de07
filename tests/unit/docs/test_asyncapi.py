"""The published description of the topics says what the code does."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.alert_codec import ALERT_TYPE
from pipeline.asyncapi import asyncapi_document
from pipeline.codec import EVENT_TYPES
from pipeline.topics import ALERTS, EVENTS, TOPICS

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "asyncapi.yaml"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return loaded


def test_it_is_what_the_code_gives_now(document: dict[str, Any]) -> None:
    made = yaml.safe_load(yaml.safe_dump(asyncapi_document(version("insa-iiot"))))
    assert document == made, "write it anew: iiot topics asyncapi > docs/asyncapi.yaml"


def test_it_names_every_topic_with_its_settings(document: dict[str, Any]) -> None:
    assert {name: channel["address"] for name, channel in document["channels"].items()} == {
        topic.name: topic.name for topic in TOPICS
    }
    for topic in TOPICS:
        config = document["channels"][topic.name]["bindings"]["kafka"]["topicConfiguration"]
        assert config["message.timestamp.type"] == "LogAppendTime"
        assert config == dict(topic.config)


def test_it_names_every_event_and_every_transition(document: dict[str, Any]) -> None:
    assert set(document["channels"][EVENTS.name]["messages"]) == set(EVENT_TYPES)
    alerts = document["channels"][ALERTS.name]["messages"]
    assert f"{ALERT_TYPE}raised" in alerts
    assert f"{ALERT_TYPE}resolved" in alerts


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def check(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                check(item)
        elif isinstance(node, dict):
            reference = node.get("$ref", "")
            if reference:
                found: Any = document
                for part in reference.removeprefix("#/").split("/"):
                    found = found[part]
            for item in node.values():
                check(item)

    check(document)
