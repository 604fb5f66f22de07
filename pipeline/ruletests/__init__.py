"""Tests of rules as data: a rule, what devices send, and the transitions that must come of it. Pure.

`model`      what people write
`times`      the ways to write a time
`timeline`   the journal that a test's readings make, ticks included
`running`    folding it and comparing
"""

from pipeline.ruletests.model import RuleTest, parse_tests
from pipeline.ruletests.running import Tested, run_test

__all__ = ["RuleTest", "Tested", "parse_tests", "run_test"]
