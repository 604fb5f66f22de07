"""Mosquitto: an MQTT broker that keeps what it has acknowledged across a restart."""

from __future__ import annotations

from pipeline.cli.stack.plan import LOOPBACK, ConfigFile, Server, StackPlan, Tools

MAX_PACKET_BYTES = 256 * 1024
MAX_QUEUED_BYTES = 512 * 1024 * 1024
"""Per client, in memory. Beyond it the broker drops, so the bridge raises an alarm at half."""


def mosquitto_config(plan: StackPlan) -> str:
    """Return mosquitto.conf: loopback only, which is why nobody has to log in."""
    data = plan.directory / "mosquitto"
    return f"""\
listener {plan.mqtt_port} {LOOPBACK}
allow_anonymous true
set_tcp_nodelay true

# The queue of the platform's session survives a restart. Saving by time, not by number of changes,
# costs a twentieth of the throughput; a kill -9 may lose the last second.
persistence true
persistence_location {data}/
autosave_interval 1
autosave_on_changes false

# 0 lifts the limit of 1,000 messages, which drops silently after it has acknowledged.
max_queued_messages 0
max_queued_bytes {MAX_QUEUED_BYTES}
# 0: as many in flight as the client itself allows with its receive maximum.
max_inflight_messages 0
# Refuses the packet and the connection. message_size_limit would acknowledge what it drops.
max_packet_size {MAX_PACKET_BYTES}

sys_interval 2
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false

# Started by root, it would otherwise become a user who cannot enter this folder.
user root
"""


def mosquitto_server(plan: StackPlan, tools: Tools) -> Server:
    """Describe the broker."""
    directory = plan.directory / "mosquitto"
    config = directory / "mosquitto.conf"
    return Server(
        name="mosquitto",
        directory=directory,
        port=plan.mqtt_port,
        command=(tools.mosquitto, "-c", str(config)),
        files=(ConfigFile(config, mosquitto_config(plan)),),
    )
