"""The schema of what every service has in its database, version by version; a migration of each service calls these."""

from typing import Any

V1 = """
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key bytea,
    value bytea NOT NULL,
    headers text NOT NULL,
    receipted boolean NOT NULL,
    batch bigint,
    refusal text,
    appended_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX outbox_batch ON outbox (batch) WHERE batch IS NOT NULL;
CREATE INDEX outbox_unclaimed ON outbox (id) WHERE batch IS NULL;
CREATE INDEX outbox_refused ON outbox (key) WHERE refusal IS NOT NULL;
CREATE TABLE relay (id smallint PRIMARY KEY CHECK (id = 1), batch bigint NOT NULL);
INSERT INTO relay (id, batch) VALUES (1, 0);
CREATE TABLE suspended_topics (topic text PRIMARY KEY, reason text NOT NULL, until timestamptz NOT NULL);
CREATE TABLE positions (
    topic text,
    partition integer,
    next_offset bigint NOT NULL,
    cluster_id text NOT NULL,
    PRIMARY KEY (topic, partition));
CREATE TABLE dead_letters (
    id uuid PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    headers text NOT NULL,
    received_at timestamptz NOT NULL,
    procedure_id uuid,
    code text NOT NULL,
    pointer text NOT NULL,
    parks boolean NOT NULL,
    closed_at timestamptz,
    UNIQUE (topic, partition, "offset"));
CREATE INDEX dead_letters_open ON dead_letters (procedure_id) WHERE parks AND closed_at IS NULL;
CREATE TABLE parked_facts (
    id uuid PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    headers text NOT NULL,
    received_at timestamptz NOT NULL,
    procedure_id uuid NOT NULL,
    UNIQUE (topic, partition, "offset"));
CREATE INDEX ix_parked_facts_procedure_id ON parked_facts (procedure_id);
"""

V2 = """
ALTER TABLE dead_letters ADD COLUMN tries integer NOT NULL DEFAULT 1;
ALTER TABLE dead_letters ADD COLUMN discarded boolean NOT NULL DEFAULT false;
CREATE INDEX dead_letters_discarded ON dead_letters (topic, partition, "offset") WHERE discarded;
CREATE TABLE dead_letter_decisions (
    id uuid PRIMARY KEY,
    letter text NOT NULL,
    digest text NOT NULL,
    action text NOT NULL,
    organisation text NOT NULL,
    subject text NOT NULL,
    reason text,
    at timestamptz NOT NULL,
    outcome text NOT NULL);
CREATE INDEX ix_dead_letter_decisions_letter ON dead_letter_decisions (letter);
"""

V3 = """
CREATE TABLE unknown_facts (
    id uuid PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    headers text NOT NULL,
    received_at timestamptz NOT NULL,
    type text NOT NULL,
    UNIQUE (topic, partition, "offset"));
CREATE INDEX unknown_facts_type ON unknown_facts (type);
"""

V4 = """
CREATE TABLE said_facts (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    procedure_id uuid NOT NULL,
    topic text NOT NULL,
    value bytea NOT NULL,
    headers text NOT NULL,
    receipted boolean NOT NULL,
    outbox_id bigint NOT NULL,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    partition integer,
    "offset" bigint);
CREATE INDEX said_facts_unheard ON said_facts (said_at) WHERE partition IS NULL;
"""

V5 = """
ALTER TABLE outbox ADD COLUMN urgent boolean NOT NULL DEFAULT false;
CREATE INDEX outbox_urgent ON outbox (id) WHERE batch IS NULL AND urgent;
CREATE INDEX outbox_ordinary ON outbox (key, id) WHERE batch IS NULL AND NOT urgent;
"""

V6 = "CREATE TABLE recalled (id uuid PRIMARY KEY)"


def create_v1(op: Any) -> None:  # noqa: ANN401 - Alembic's proxy module
    """As first shipped."""
    _execute(op, V1)


def create_v2(op: Any) -> None:  # noqa: ANN401
    """What operators decide about dead letters."""
    _execute(op, V2)


def create_v3(op: Any) -> None:  # noqa: ANN401
    """What a newer release said, kept until this service has learnt it."""
    _execute(op, V3)


def create_v4(op: Any) -> None:  # noqa: ANN401
    """What this service has said to the journal, kept to be looked for there."""
    _execute(op, V4)


def create_v5(op: Any) -> None:  # noqa: ANN401
    """What is urgent goes first."""
    _execute(op, V5)


def create_v6(op: Any) -> None:  # noqa: ANN401
    """What was published and forgotten by a database that was restored from a backup."""
    _execute(op, V6)


def _execute(op: Any, statements: str) -> None:  # noqa: ANN401
    for statement in filter(str.strip, statements.split(";\n")):
        op.execute(statement)
