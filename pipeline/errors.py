"""The errors that mean something to a caller.

PlatformError
├── SettingsError        a variable is missing or wrong; the message names it
├── InvalidInput         something from outside is wrong; carries a reason code and a sentence
├── UnknownVersion       a record was written by a newer release: stop, never skip
├── JournalMismatch      positions belong to another journal, or lie beyond its end: refuse to start
├── HistoryLost          a stretch of the journal aged out before it was read
├── PartitionLost        another worker owns the partition now: stop
├── VersionConflict      somebody else changed the object meanwhile
├── NotFound             there is no such object
├── StalePosition        the stored position is not the one remembered: load it again
├── PostgresUnavailable  PostgreSQL is away or too slow: nothing was stored, try again later
└── NotYet               something else has to be projected first: try again later
"""


class PlatformError(Exception):
    """Base of all errors raised on purpose; its text is fit for a person."""


class SettingsError(PlatformError):
    """A setting is missing or wrong; the text names the variable."""


class InvalidInput(PlatformError):
    """Input from outside cannot be accepted.

    `reason` is a stable code for metrics and quarantine; `path` names the field where one is known.
    """

    def __init__(self, reason: str, message: str, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.reason = reason
        self.path = path
        self.message = message


class UnknownVersion(PlatformError):
    """A record carries a newer version than this release knows; skipping it would lose it."""


class JournalMismatch(PlatformError):
    """Stored positions do not belong to this journal; the text names the command that mends it."""


class HistoryLost(PlatformError):
    """Records that were still needed are no longer in the topic."""


class PartitionLost(PlatformError):
    """A later owner has taken the partition."""


class VersionConflict(PlatformError):
    """The object was changed by somebody else since it was read."""


class NotFound(PlatformError):
    """There is no such object."""


class StalePosition(PlatformError):
    """The stored position is not where the caller thinks it is; load it and go on from there."""


class PostgresUnavailable(PlatformError):
    """PostgreSQL can't be reached or did not answer in time; the transaction is void unless its commit got through."""


class NotYet(PlatformError):
    """What a record refers to is not projected yet; nothing was stored, the record can be applied later."""
