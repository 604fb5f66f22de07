from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from pipeline.cli.rule_words import describe_rule
from pipeline.rules.model import parse_rule, rule_document

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
RULES = [example for example in EXAMPLES if isinstance(example, dict) and "rule_type" in example]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["name"]))
def test_every_example_of_the_docs_has_words(rule: dict[str, object]) -> None:
    words = describe_rule(rule_document(parse_rule(rule)))
    assert words
    assert "{" not in words
    assert "None" not in words


def test_the_words_say_what_is_judged() -> None:
    inner = {"type": "threshold", "key": "door", "operator": "==", "value": "open"}
    windows = [{"days": ["mon"], "start": "22:00", "end": "06:00"}]
    schedule = {"type": "time_based", "windows": windows, "timezone": "Europe/Berlin", "when": "inside"}
    both = {"rule_type": "compound", "conditions": {"all": [inner, {**schedule, "condition": inner}]}}
    assert describe_rule(both) == "(door == open) and (door == open inside 22:00-06:00 Europe/Berlin)"
    silent = {"rule_type": "absence", "conditions": {"key": None, "seconds": 60}}
    assert describe_rule(silent) == "no reading for 60 s"
