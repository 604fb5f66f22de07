"""Every metric of the platform, declared once. Labels are bounded; no device or rule id is ever a label."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

# -- bridge
MQTT_RECEIVED = Counter("iiot_mqtt_received_total", "Messages taken from the broker", ["kind"])
MQTT_ACKNOWLEDGED = Counter("iiot_mqtt_acknowledged_total", "Messages acknowledged after Kafka confirmed them")
MQTT_CONNECTIONS = Counter("iiot_mqtt_connections_total", "Connections made to the broker", ["session"])
MQTT_STALE_ACKS = Counter("iiot_mqtt_stale_acks_total", "Acknowledgements dropped: their connection was gone")
MQTT_CONNECTED = Gauge("iiot_mqtt_connected", "Whether the bridge is connected to the broker")
BROKER_STORED_BYTES = Gauge("iiot_mqtt_broker_stored_bytes", "Bytes of messages that the broker holds, as it says")
BROKER_DROPPED = Gauge("iiot_mqtt_broker_dropped", "Messages the broker dropped since its start, as it says")
MQTT_UNTIMED = Counter("iiot_mqtt_untimed_total", "Messages without a time, stamped at receipt")
MQTT_PENDING = Gauge("iiot_mqtt_pending", "Messages received and not yet confirmed by Kafka")
FRAMES_WRITTEN = Counter("iiot_frames_written_total", "Frames confirmed by Kafka")
TICKS_WRITTEN = Counter("iiot_ticks_written_total", "Ticks confirmed by Kafka, all partitions")
ALERTS_PUBLISHED = Counter("iiot_mqtt_alerts_published_total", "Alert events published on MQTT")
BRIDGE_ACTIVE = Gauge("iiot_bridge_active", "1 while this bridge is the active one, 0 while it stands by")

# -- everywhere something is not understood
QUARANTINED = Counter("iiot_quarantined_total", "Inputs put into quarantine", ["by", "reason"])

# -- detect
FOLDED_EVENTS = Counter("iiot_folded_events_total", "Journal records folded")
FOLDED_READINGS = Counter("iiot_folded_readings_total", "Readings folded, by what became of them", ["fate"])
ALERTS_EMITTED = Counter("iiot_alerts_emitted_total", "Alert events made durable", ["transition"])
RULES_SUSPENDED = Counter("iiot_rules_suspended_total", "Rules suspended for a device after an error")
SNAPSHOTS_WRITTEN = Counter("iiot_snapshots_written_total", "Snapshots completed")
SNAPSHOT_SECONDS = Histogram("iiot_snapshot_seconds", "Duration of a snapshot")
PARTITIONS_OWNED = Gauge("iiot_partitions_owned", "Partitions this process works on")
STRETCHES_HEALED = Counter("iiot_stretches_healed_total", "Gaps closed by reading the journal again", ["process"])
HISTORY_LOST = Counter("iiot_history_lost_total", "Stretches that aged out before they were read", ["process"])
LAG = Gauge("iiot_lag_records", "Records between the position and the end", ["process", "topic", "partition"])
POSITION = Gauge("iiot_position", "Position in a topic's partition", ["process", "topic", "partition"])

# -- project
TELEMETRY_ROWS = Counter("iiot_telemetry_rows_total", "Telemetry values by what became of them", ["fate"])
PROJECTED_RECORDS = Counter("iiot_projected_records_total", "Records projected", ["topic"])
POSTGRES_UNAVAILABLE = Counter("iiot_postgres_unavailable_total", "Times PostgreSQL could not be reached or timed out")
CACHE_WRITES = Counter("iiot_cache_writes_total", "Cache writes by outcome", ["outcome"])

# -- commands
OUTBOX_PUBLISHED = Counter("iiot_outbox_published_total", "Commands published to the journal", ["by"])

# -- api
SOCKET_CLIENTS = Gauge("iiot_socketio_clients", "Connected Socket.IO clients")
SOCKET_EMITTED = Counter("iiot_socketio_emitted_total", "Socket.IO events emitted", ["event"])

# -- watchdog
WATCHDOG_EXITS = Counter("iiot_watchdog_exits_total", "Exits decided by the watchdog", ["check"])
