"""`iiot rules test`: tests of rules from files, without any server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.errors import InvalidInput, PlatformError

if TYPE_CHECKING:
    from pipeline.rules.model import Rule
    from pipeline.ruletests import RuleTest

_FIELDS = ("rule", "rule_file", "rule_id", "tests")
_SHAPE = "a test file holds 'rule', or 'rule_file' and 'rule_id', and 'tests'; see docs/rule-tests.md"


def run_tests(
    files: Annotated[list[Path], typer.Argument(help="YAML files with a rule and its tests.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
) -> None:
    """Run tests of rules: what devices send, and the transitions that must come of it. Needs no server.

    Ends with 0 if all passed, 1 if any failed, 2 if a file is wrong.

    Example: iiot rules test docs/examples/tests/press.yaml
    """
    from pipeline.ruletests import run_test

    read = [(path, *read_test_file(path)) for path in files]
    done = [(path, run_test(rule, each)) for path, rule, tests in read for each in tests]
    failed = sum(bool(tested.problems) for _, tested in done)
    if as_json:
        import orjson

        documents = [
            {"file": str(path), "name": tested.name, "passed": not tested.problems, "problems": tested.problems}
            for path, tested in done
        ]
        print(orjson.dumps(documents, option=orjson.OPT_INDENT_2).decode())
    else:
        for path, tested in done:
            print(f"{'failed' if tested.problems else 'passed'}  {path}: {tested.name}")
            for problem in tested.problems:
                print(f"        {problem}")
        print(f"{len(done) - failed} passed, {failed} failed")
    if failed:
        raise typer.Exit(1)


def read_test_file(path: Path) -> tuple[Rule, tuple[RuleTest, ...]]:
    """A test file's rule and tests; raises PlatformError that names the file and the field."""
    try:
        return parse_test_file(path.read_text(encoding="utf-8"), path.parent)
    except OSError as error:
        raise PlatformError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PlatformError(f"{path} is no text in UTF-8") from None
    except InvalidInput as error:
        raise PlatformError(f"{path}: {error}") from None


def parse_test_file(text: str, folder: Path) -> tuple[Rule, tuple[RuleTest, ...]]:
    """The rule and the tests in a file's text; `folder` is where its `rule_file` is looked for.

    Raises InvalidInput, and PlatformError if the rule's file cannot be read.
    """
    import yaml

    from pipeline.cli.rule_files import load_yaml
    from pipeline.rules.model import parse_rule
    from pipeline.ruletests import parse_tests

    try:
        loaded = load_yaml(text)
    except yaml.YAMLError as error:
        raise InvalidInput("invalid_test", " ".join(str(error).split())) from None
    if len(loaded) != 1 or not isinstance(loaded[0], dict):
        raise InvalidInput("invalid_test", _SHAPE)
    document: dict[str, Any] = loaded[0]
    unknown = sorted(str(name) for name in document if name not in _FIELDS)
    if unknown:
        raise InvalidInput("invalid_test", _SHAPE, unknown[0])
    if ("rule" in document) == ("rule_file" in document) or "tests" not in document:
        raise InvalidInput("invalid_test", _SHAPE)
    if "rule" not in document:
        return _rule_of(folder, document), parse_tests(document["tests"])
    try:
        rule = parse_rule(document["rule"])
    except InvalidInput as error:
        raise InvalidInput(
            error.reason, error.message, "rule" if error.path == "rule" else f"rule.{error.path}"
        ) from None
    return rule, parse_tests(document["tests"])


def _rule_of(folder: Path, document: dict[str, Any]) -> Rule:
    from pipeline.cli.rules import read_rule_files

    found = read_rule_files([folder / str(document["rule_file"])], "nothing was tested")
    wanted = document.get("rule_id")
    chosen = [each for each in found if wanted in (None, each.rule_id)]
    if len(chosen) != 1:
        ids = ", ".join(each.rule_id for each in found)
        raise InvalidInput("invalid_test", f"name one of the rules in {document['rule_file']}: {ids}", "rule_id")
    return chosen[0].rule
