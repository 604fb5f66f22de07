"""The commands. Each commits its version and its event together, then publishes; repeating one changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pipeline.events import Device, Silence
from pipeline.journal.writer import JournalWriter
from pipeline.policy import DEFAULT_POLICY, Policy
from pipeline.rules.model import Rule
from pipeline.settings import Settings
from sinks.commands.definitions import POLICY_ID, Definition, Kind, of_device, of_policy, of_rule, of_silence
from sinks.commands.outbox import Outbox
from sinks.commands.registry import Claim, Defined, claim_definition, claim_removal
from sinks.postgres.connect import Connection, Pool, transaction

_SHOWN = {
    "device": "SELECT version >= $2 FROM devices WHERE device_id = $1",
    "rule": "SELECT version >= $2 FROM rules WHERE rule_id = $1",
    "silence": "SELECT version >= $2 FROM silences WHERE silence_id = $1",
    "policy": "SELECT max(version) >= $2 FROM policies WHERE $1 <> ''",
}
_ASK_EVERY_SECONDS = 0.05


class Commands:
    """Changes definitions. All raise PostgresUnavailable within about five seconds, and nothing was changed then
    unless just the confirmation got lost; repeat the command to know.

    `by` is who wants it. With `expected_version` the change happens only to that version (0: it must not exist),
    else VersionConflict is raised. A command returns once its event is in the journal, or after five seconds without
    Kafka: the event is safe then, and the relay publishes it later.
    """

    def __init__(self, pool: Pool, writer: JournalWriter) -> None:
        self._pool = pool
        self._outbox = Outbox(pool, writer)

    async def define_rule(self, rule: Rule, by: str, *, expected_version: int | None = None) -> Defined:
        """Create or change a rule; raises InvalidInput if its name makes no id."""
        return await self._define(of_rule(rule), by, expected_version)

    async def remove_rule(self, rule_id: str, by: str, *, expected_version: int | None = None) -> Defined:
        """Remove a rule; raises NotFound."""
        return await self._remove("rule", rule_id, by, expected_version)

    async def define_device(self, device: Device, by: str, *, expected_version: int | None = None) -> Defined:
        """Create or change a device; one that registered itself counts as not defined yet."""
        return await self._define(of_device(device), by, expected_version)

    async def remove_device(self, device_id: str, by: str, *, expected_version: int | None = None) -> Defined:
        """Remove a device; raises NotFound. Its history stays, and what it sends is quarantined from now on."""
        return await self._remove("device", device_id, by, expected_version)

    async def define_silence(self, silence: Silence, by: str, *, expected_version: int | None = None) -> Defined:
        """Create or change a silence."""
        return await self._define(of_silence(silence), by, expected_version)

    async def remove_silence(self, silence_id: str, by: str, *, expected_version: int | None = None) -> Defined:
        """End a silence; raises NotFound."""
        return await self._remove("silence", silence_id, by, expected_version)

    async def define_policy(self, policy: Policy, by: str, *, expected_version: int | None = None) -> Defined:
        """Set the policy."""
        return await self._define(of_policy(policy), by, expected_version)

    async def ensure_policy(self, settings: Settings) -> Defined | None:
        """Write the first policy from the settings if there is none; None if there is one, whatever it says."""
        async with transaction(self._pool) as connection:
            if await connection.fetchval("SELECT 1 FROM registry WHERE kind = 'policy' AND id = $1", POLICY_ID):
                return None
        policy = Policy(auto_register=settings.auto_register, lateness_ms=DEFAULT_POLICY.lateness_ms)
        return await self._define(of_policy(policy), "settings", None)

    async def shown(self, kind: Kind, object_id: str, version: int, timeout: float = 5.0) -> bool:
        """Wait until the projection shows the version or a later one; False if it does not within `timeout` seconds.

        Raises PostgresUnavailable.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            async with transaction(self._pool) as connection:
                if await connection.fetchval(_SHOWN[kind], object_id, version):
                    return True
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(_ASK_EVERY_SECONDS)

    async def _define(self, definition: Definition, by: str, expected: int | None) -> Defined:
        return await self._run(lambda connection: claim_definition(connection, definition, by, expected))

    async def _remove(self, kind: Kind, object_id: str, by: str, expected: int | None) -> Defined:
        return await self._run(lambda connection: claim_removal(connection, kind, object_id, by, expected))

    async def _run(self, claim: Callable[[Connection], Awaitable[Claim]]) -> Defined:
        async with transaction(self._pool) as connection:
            claimed = await claim(connection)
        if claimed.outbox_id is not None:
            await self._outbox.publish(claimed.outbox_id)
        return claimed.defined
