"""Whether alarms serve those who must act on them, in the measures of ISA-18.2 and EEMUA 191. Pure.

`alarms`    an alarm as the measures see it
`rates`     how many come in ten minutes
`nuisance`  alarms that chatter, and that stand
`report`    all measures of a stretch
"""

from pipeline.quality.alarms import Alarm
from pipeline.quality.report import AlarmReport, make_report

__all__ = ["Alarm", "AlarmReport", "make_report"]
