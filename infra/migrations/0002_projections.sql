-- The read side: everything here follows from the journal and the alert topic.
-- No foreign keys between tables of different topics: each topic is projected at its own pace.

CREATE TABLE projection_offsets (
    topic          text        NOT NULL,
    partition      integer     NOT NULL,
    journal_id     text        NOT NULL,
    position       bigint      NOT NULL,
    journal_time   timestamptz,
    policy_version bigint      NOT NULL DEFAULT 0,
    policy         jsonb,
    telemetry_rows bigint      NOT NULL DEFAULT 0,
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON COLUMN projection_offsets.position IS 'Offset of the last applied record; -1 before the first';
COMMENT ON COLUMN projection_offsets.policy IS 'The policy in force at the position, so that a replay decides the same';

CREATE TABLE devices (
    device_id      text PRIMARY KEY,
    name           text        NOT NULL,
    device_type    text,
    location       text,
    active         boolean     NOT NULL DEFAULT true,
    metadata       jsonb       NOT NULL DEFAULT '{}',
    version        bigint      NOT NULL DEFAULT 0,
    registered_by  text        NOT NULL CHECK (registered_by IN ('command', 'itself')),
    removed        boolean     NOT NULL DEFAULT false,
    status         text        NOT NULL DEFAULT 'unknown',
    status_details jsonb       NOT NULL DEFAULT '{}',
    status_at      timestamptz,
    last_seen      timestamptz,
    conflicts      bigint      NOT NULL DEFAULT 0,
    as_of          bigint      NOT NULL,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
) WITH (fillfactor = 70);
COMMENT ON COLUMN devices.version IS '0 while nobody has defined the device';
COMMENT ON COLUMN devices.conflicts IS 'Values that came for a timestamp which already had another value';
COMMENT ON COLUMN devices.as_of IS 'Offset of the journal record that changed the row last';
CREATE INDEX devices_type_location ON devices (device_type, location) WHERE NOT removed;

-- One index serves both the identity of a value and a device's values by time: with time before key, a range of time
-- is one stretch of the index, and a second index would cost a third of each insert.
CREATE TABLE telemetry (
    device_id   text        NOT NULL,
    key         text        NOT NULL,
    ts          timestamptz NOT NULL,
    value       double precision,
    value_bool  boolean,
    value_text  text,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (device_id, ts, key)
) PARTITION BY RANGE (ts);
-- What is older than the retention when it arrives; the bound is set together with the first months.
CREATE TABLE telemetry_old PARTITION OF telemetry DEFAULT;
CREATE INDEX telemetry_old_received_at ON telemetry_old USING brin (received_at);

CREATE TABLE telemetry_totals (
    at   timestamptz PRIMARY KEY,
    rows bigint NOT NULL
);
COMMENT ON TABLE telemetry_totals IS 'Samples of the number of rows ever stored, for rates without counting';

CREATE TABLE rules (
    rule_id    text PRIMARY KEY,
    version    bigint      NOT NULL,
    name       text        NOT NULL,
    device_id  text,
    rule_type  text,
    severity   text,
    priority   integer     NOT NULL DEFAULT 0,
    enabled    boolean     NOT NULL,
    removed    boolean     NOT NULL DEFAULT false,
    body       jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX rules_enabled_priority ON rules (enabled, priority) WHERE NOT removed;

CREATE TABLE rule_versions (
    rule_id    text        NOT NULL,
    version    bigint      NOT NULL,
    removed    boolean     NOT NULL,
    body       jsonb,
    defined_at timestamptz NOT NULL,
    PRIMARY KEY (rule_id, version)
);
COMMENT ON TABLE rule_versions IS 'Every version ever projected, removals included; never deleted';

CREATE TABLE silences (
    silence_id text PRIMARY KEY,
    version    bigint      NOT NULL,
    removed    boolean     NOT NULL DEFAULT false,
    starts_at  timestamptz,
    ends_at    timestamptz,
    reason     text,
    created_by text,
    device_id  text,
    rule_id    text,
    severity   text,
    updated_at timestamptz NOT NULL
);
CREATE INDEX silences_ends_at ON silences (ends_at) WHERE NOT removed;

CREATE TABLE policies (
    version    bigint PRIMARY KEY,
    body       jsonb       NOT NULL,
    defined_at timestamptz NOT NULL
);

CREATE TABLE alerts (
    alert_id        uuid PRIMARY KEY,
    sequence        bigint      NOT NULL,
    status          text        NOT NULL CHECK (status IN ('open', 'resolved', 'closed')),
    rule_id         text        NOT NULL,
    rule_version    bigint      NOT NULL,
    rule_name       text        NOT NULL,
    device_id       text        NOT NULL,
    severity        text        NOT NULL,
    message         text        NOT NULL,
    value           double precision,
    threshold       double precision,
    unit            text,
    context         jsonb       NOT NULL,
    notify          text        NOT NULL,
    acknowledged    boolean     NOT NULL DEFAULT false,
    acknowledged_by text,
    acknowledged_at timestamptz,
    notes           text,
    opened_at       timestamptz NOT NULL,
    resolved_at     timestamptz,
    closed_at       timestamptz,
    as_of           bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
) WITH (fillfactor = 80);
COMMENT ON COLUMN alerts.opened_at IS 'Time of the deciding reading or tick';
COMMENT ON COLUMN alerts.created_at IS 'Journal time at which the alert appeared';
COMMENT ON COLUMN alerts.as_of IS 'Offset in iiot.alerts of the event that changed the row last';
CREATE INDEX alerts_device_created ON alerts (device_id, created_at DESC);
CREATE INDEX alerts_created ON alerts (created_at DESC);
CREATE INDEX alerts_open ON alerts (severity, created_at DESC) WHERE status = 'open';
CREATE INDEX alerts_rule ON alerts (rule_id, created_at DESC);

CREATE TABLE alert_events (
    alert_id   uuid        NOT NULL,
    sequence   bigint      NOT NULL,
    transition text        NOT NULL,
    at         timestamptz NOT NULL,
    body       jsonb       NOT NULL,
    partition  integer     NOT NULL,
    "offset"   bigint      NOT NULL,
    stored_at  timestamptz NOT NULL,
    PRIMARY KEY (alert_id, sequence)
);

CREATE TABLE rule_suspensions (
    rule_id      text        NOT NULL,
    rule_version bigint      NOT NULL,
    device_id    text        NOT NULL,
    error        text        NOT NULL,
    at           timestamptz NOT NULL,
    PRIMARY KEY (rule_id, rule_version, device_id)
);

CREATE TABLE quarantine (
    identity    text PRIMARY KEY,
    reason      text        NOT NULL,
    message     text        NOT NULL,
    by          text        NOT NULL,
    source      text        NOT NULL,
    index       integer,
    device_id   text,
    raw         bytea       NOT NULL,
    received_at timestamptz NOT NULL,
    partition   integer     NOT NULL,
    "offset"    bigint      NOT NULL
);
COMMENT ON COLUMN quarantine.identity IS 'The same for each repeat of one input';
CREATE INDEX quarantine_received_at ON quarantine (received_at DESC);
CREATE INDEX quarantine_device ON quarantine (device_id, received_at DESC) WHERE device_id IS NOT NULL;
