from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.fold.plans import KeyPlan, Plans
from pipeline.rules.model import Rule
from tests.support.event_logs import DEVICES, rule

_rules = st.one_of(
    st.none(),
    st.builds(
        lambda kind, device, enabled: rule(kind[0], device, enabled, **kind[1]),
        st.sampled_from(
            (
                ("threshold", {"key": "a", "operator": ">", "value": 1}),
                ("comparison", {"key": "a", "operator": ">", "other_key": "b"}),
                ("statistical", {"key": "a", "aggregate": "avg", "window_seconds": 30, "operator": ">", "value": 1}),
                ("statistical", {"key": "b", "aggregate": "avg", "window_seconds": 90, "operator": ">", "value": 1}),
            )
        ),
        st.sampled_from((None, *DEVICES)),
        st.booleans(),
    ),
)


def seen(plans: Plans, device_id: str, key: str) -> tuple[tuple[int, ...], list[tuple[str, int]]]:
    plan = plans.of_device(device_id, None).key(key) or KeyPlan((), ())
    return plan.spans, [(active.rule_id, active.version) for active in plan.rules]


@given(st.lists(st.tuples(st.sampled_from(("r0", "r1", "r2", "r3")), _rules), max_size=15))
def test_a_plan_names_the_enabled_rules_of_the_device_and_key(changes: list[tuple[str, Rule | None]]) -> None:
    plans, latest = Plans(), dict[str, tuple[int, Rule | None]]()
    for version, (rule_id, after) in enumerate(changes, 1):
        plans = plans.with_rule(rule_id, version, after)
        latest[rule_id] = (version, after)
        rebuilt = Plans.of((name, number, it) for name, (number, it) in latest.items())
        for device_id in DEVICES:
            for key in ("a", "b", "c"):
                expected = sorted(
                    (name, number)
                    for name, (number, it) in latest.items()
                    if it is not None
                    and it.enabled
                    and it.device_id in (None, device_id)
                    and key in (getattr(it.conditions, name, None) for name in ("key", "other_key"))
                )
                spans, rules = seen(plans, device_id, key)
                assert rules == expected
                assert (spans, rules) == seen(rebuilt, device_id, key)
                windows = {
                    max(60_000, it.conditions.window_seconds * 1000)
                    for name, _ in expected
                    if (it := latest[name][1]) is not None
                    and it.rule_type == "statistical"
                    and it.conditions.key == key
                }
                assert spans == tuple(sorted(windows))
