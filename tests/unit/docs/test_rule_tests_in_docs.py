"""The tests of rules that the pages show run, and pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.cli.main import main
from pipeline.cli.rule_tests import parse_test_file
from pipeline.ruletests import run_test

HOME = Path(__file__).resolve().parents[3]
PAGE = HOME / "docs" / "rule-tests.md"
SHOWN = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", SHOWN)
def test_each_example_on_the_page_passes(text: str) -> None:
    rule, tests = parse_test_file(text, HOME)
    for each in tests:
        assert run_test(rule, each).problems == ()


def test_the_page_shows_examples_at_all() -> None:
    assert len(SHOWN) >= 3


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    out, err = capsys.readouterr()
    return int(exit_info.value.code or 0), out, err


def test_the_command_runs_files_and_its_exit_code_tells(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    examples = sorted((HOME / "docs" / "examples" / "tests").glob("*.yaml"))
    code, out, _ = run(capsys, "rules", "test", *map(str, examples))
    assert (code, "2 passed, 0 failed" in out) == (0, True)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SHOWN[0].replace("at: 10s", "at: 20s"), encoding="utf-8")
    code, out, _ = run(capsys, "rules", "test", str(wrong))
    assert (code, "1 passed, 1 failed" in out, "expected raised at 20s" in out) == (1, True, True)
    code, out, _ = run(capsys, "rules", "test", str(wrong), "--json")
    assert (code, '"passed": false' in out) == (1, True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("tests:", "test:"), "test: a test file holds 'rule'"),
        (('operator: ">"', 'operator: "~"'), "rule.conditions.operator: "),
        (("interval: 10s", "interval: soon"), "tests.0.interval: use a duration"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it_and_the_field(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(SHOWN[0].replace(*change), encoding="utf-8")
    code, _, err = run(capsys, "rules", "test", str(file))
    assert code == 2
    assert err.startswith(f"iiot: {file}: {says}")
    assert err.count("\n") == 1
