"""Rule files: every way to write them, and what a person reads when one is wrong."""

from __future__ import annotations

import json
import re

import pytest

from pipeline.cli.rule_files import find_repeats, read_rule_file

HOT = {
    "name": "Hot",
    "rule_type": "threshold",
    "conditions": {"key": "temperature", "operator": ">", "value": 100},
}
YAML = """
name: Hot
rule_type: threshold
conditions: {key: temperature, operator: ">", value: 100}
"""


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("one.json", json.dumps(HOT), 1),
        ("many.json", json.dumps([HOT, {**HOT, "name": "Hotter"}]), 2),
        ("under.json", json.dumps({"rules": [HOT]}), 1),
        ("one.yaml", YAML, 1),
        ("many.yaml", "\n".join("- " + json.dumps({**HOT, "name": name}) for name in "abc"), 3),
        ("documents.yaml", f"{YAML}---{YAML.replace('Hot', 'Warm')}", 2),
        ("under.yaml", "rules:\n  - " + json.dumps(HOT), 1),
        ("standard input", json.dumps(HOT), 1),
    ],
)
def test_rules_are_read_from_any_of_the_forms(name: str, text: str, count: int) -> None:
    found, problems = read_rule_file(name, text)
    assert problems == []
    assert len(found) == count
    assert found[0].rule.rule_type == "threshold"


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("", "rules.yaml", "holds no rule"),
        ("a: b: c", "rules.yaml", "mapping values"),
        ("name: Hot\nname: Cold", "rules.yaml", "given twice"),
        ("- 7", "rules.yaml, rule 1 of 1", "rule:"),
        (YAML.replace("100", "[100]"), 'rules.yaml, rule 1 of 1 ("Hot")', "conditions.value"),
        (YAML.replace("value: 100", "valu: 100"), 'rules.yaml, rule 1 of 1 ("Hot")', "conditions.valu"),
        (
            YAML.replace('">"', "=>"),
            'rules.yaml, rule 1 of 1 ("Hot")',
            "conditions.operator: .*put operators in quotes",
        ),
        (YAML.replace("Hot", '"?!"'), 'rules.yaml, rule 1 of 1 ("?!")', "name: has no letter"),
        (f"- {json.dumps(HOT)}\n- name: x", 'rules.yaml, rule 2 of 2 ("x")', "rule_type"),
    ],
)
def test_a_problem_names_file_rule_field_and_what_to_do(text: str, where: str, says: str) -> None:
    _, problems = read_rule_file("rules.yaml", text)
    assert [problem.where for problem in problems] == [where]
    assert re.search(says, problems[0].sentence), problems[0].sentence


def test_two_rules_with_one_id_are_refused() -> None:
    found, _ = read_rule_file("a.json", json.dumps([HOT, {**HOT, "rule_id": "hot"}]))
    (problem,) = find_repeats(found)
    assert "rule_id" in problem.sentence
    assert "rule 1 of 2" in problem.sentence


def test_json_is_read_strictly() -> None:
    _, problems = read_rule_file("a.json", '{"name": "a", "name": "b"}')
    assert "twice" in problems[0].sentence
