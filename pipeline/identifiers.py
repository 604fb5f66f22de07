"""What an id may look like, and the ids that are derived from other things.

Device, rule and silence ids go into MQTT topics, Kafka keys, Redis keys and addresses, so one narrow grammar holds
everywhere: nothing in it means anything to MQTT (`+ # / $`), to Redis patterns or to a shell.
"""

from __future__ import annotations

import re
from uuid import UUID, uuid5

from pipeline.errors import InvalidInput

ALERT_NAMESPACE = UUID("5b1f3c52-7d0e-5f0a-9d6b-8f0c54a8a1d1")
IDENTIFIER_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MAX_KEY_LENGTH = 64

_identifier = re.compile(r"[A-Za-z0-9_-]{1,64}")
_not_in_slug = re.compile(r"[^a-z0-9]+")


def is_identifier(value: str) -> bool:
    """Whether `value` is a valid id."""
    return _identifier.fullmatch(value) is not None


def check_identifier(value: str, what: str) -> str:
    """Return `value` if it is a valid id, else raise InvalidInput (reason `invalid_id`) that names `what`."""
    if not is_identifier(value):
        raise InvalidInput("invalid_id", "use 1 to 64 letters, digits, '-' or '_'", what)
    return value


def slug(name: str) -> str:
    """A readable id made of a name: "High Temperature Alert" becomes "high-temperature-alert".

    Raises InvalidInput (reason `invalid_id`) when nothing of the name can be kept.
    """
    made = _not_in_slug.sub("-", name.lower()).strip("-")[:64].strip("-")
    if not made:
        raise InvalidInput("invalid_id", "has no letter or digit to make an id of; give an id", "name")
    return made


def alert_id(rule_id: str, rule_version: int, device_id: str, opened_by: str) -> UUID:
    """The identity of an alert: the same opening event gives the same id on every replay (RFC 9562, UUIDv5)."""
    return uuid5(ALERT_NAMESPACE, f"{rule_id}\n{rule_version}\n{device_id}\n{opened_by}")
