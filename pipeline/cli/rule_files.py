"""Rules in files: YAML or JSON, one rule, a list, a list under `rules`, or several YAML documents."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import yaml

from pipeline.errors import InvalidInput
from pipeline.identifiers import slug
from pipeline.jsonsafe import parse_json
from pipeline.rules.model import Rule, parse_rule

_NAMED = 60


@dataclass(frozen=True, slots=True)
class Found:
    """A rule and where it stands, for a person."""

    where: str
    rule: Rule

    @property
    def rule_id(self) -> str:
        """The id it will be stored under."""
        return self.rule.rule_id or slug(self.rule.name)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where it stands, and which field of the rule it is about."""

    where: str
    sentence: str


def read_rule_file(name: str, text: str) -> tuple[list[Found], list[Problem]]:
    """All rules of a file and all that is wrong with it; raises nothing. `name` is only for the messages."""
    try:
        documents = _documents(name, text)
    except (InvalidInput, yaml.YAMLError) as error:
        return [], [Problem(name, " ".join(str(error).split()))]
    found: list[Found] = []
    problems: list[Problem] = []
    if not documents:
        problems.append(Problem(name, "holds no rule"))
    for number, document in enumerate(documents, 1):
        where = _where(name, number, len(documents), document)
        try:
            rule = parse_rule(document)
            found.append(Found(where, rule))
            _ = found[-1].rule_id
        except InvalidInput as error:
            problems.append(Problem(where, f"{error}{_hint(error)}"))
    return found, problems


def find_repeats(found: list[Found]) -> list[Problem]:
    """Rules that would overwrite each other."""
    first: dict[str, str] = {}
    problems = []
    for each in found:
        other = first.setdefault(each.rule_id, each.where)
        if other != each.where:
            problems.append(Problem(each.where, f"has the id {each.rule_id}, as has {other}; give one a rule_id"))
    return problems


def load_yaml(text: str) -> list[Any]:
    """The YAML documents in a text that are not empty; raises yaml.YAMLError, also for a name given twice."""
    return [document for document in yaml.load_all(text, _StrictLoader) if document is not None]


def _documents(name: str, text: str) -> list[Any]:
    is_json = name.endswith(".json") or text.lstrip()[:1] in ("{", "[")
    loaded: list[Any] = [parse_json(text)] if is_json else load_yaml(text)
    documents: list[Any] = []
    for document in loaded:
        if isinstance(document, dict) and set(document) == {"rules"}:
            document = document["rules"]
        documents.extend(document if isinstance(document, list) else [document])
    return documents


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses a name given twice, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{name!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _where(name: str, number: int, count: int, document: Any) -> str:
    title = document.get("name") if isinstance(document, dict) else None
    quoted = f' ("{title[:_NAMED]}")' if isinstance(title, str) else ""
    return f"{name}, rule {number} of {count}{quoted}"


def _hint(error: InvalidInput) -> str:
    return '; in YAML, put operators in quotes: ">"' if error.path.endswith("operator") else ""
