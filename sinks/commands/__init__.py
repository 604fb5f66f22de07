"""Commands: how the API and the command line change definitions.

`definitions`  pure: what is defined, as a body to compare and an event to publish
`registry`     claiming the next version, compare and set
`outbox`       events between their commit and the journal; the relay for those that got stuck
`commands`     the commands themselves, and waiting until one shows
`answers`      what people say to alerts, and waiting for the outcome
`opening`      commands with connections of their own
`adoption`     following another journal after Kafka's data was lost
"""

from sinks.commands.answers import Answers, Outcome
from sinks.commands.commands import Commands
from sinks.commands.opening import open_answers, open_commands
from sinks.commands.outbox import OutboxRelay
from sinks.commands.registry import Defined

__all__ = ["Answers", "Commands", "Defined", "OutboxRelay", "Outcome", "open_answers", "open_commands"]
