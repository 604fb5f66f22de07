-- The write side: who may change a definition next, and what still has to be published.

CREATE TABLE registry (
    kind       text        NOT NULL CHECK (kind IN ('device', 'rule', 'silence', 'policy')),
    id         text        NOT NULL,
    version    bigint      NOT NULL CHECK (version >= 0),
    body       jsonb       NOT NULL,
    removed    boolean     NOT NULL DEFAULT false,
    changed_by text        NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, id)
);
COMMENT ON TABLE registry IS 'The current definition of each device, rule, silence and of the policy, as commands made it';

CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id    text,
    headers      jsonb       NOT NULL,
    body         bytea       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
COMMENT ON TABLE outbox IS 'Encoded events on their way to the journal; without a device they go to every partition';
CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;

CREATE TABLE users (
    username      text PRIMARY KEY CHECK (username ~ '^[A-Za-z0-9_.@-]{1,64}$'),
    password_hash text        NOT NULL,
    role          text        NOT NULL,
    token_version bigint      NOT NULL DEFAULT 0,
    disabled      boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
