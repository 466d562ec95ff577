-- One partition: the events of one month, their rollups, their coverage, their ledger.
-- Times are UTC. An event counts at its moment, the time it tells if that can be (timed); else
-- occurred_at keeps what it tells. Its written_at is the time its line states where occurred_at was put
-- right; coverage tells both, told_from to told_to is what lines state: copies agree in that.
-- Rollups are sums of deltas: every batch adds rows, compaction merges them. covered_days,
-- traces and reach are sets of the same kind.
-- The values of an event's variables stand in one text, joined by U+001F.
CREATE TABLE IF NOT EXISTS events (
    moment TIMESTAMP NOT NULL,
    timed BOOLEAN NOT NULL,
    occurred_at TIMESTAMP,
    written_at TIMESTAMP,
    received_at TIMESTAMP NOT NULL,
    time_quality VARCHAR NOT NULL,
    environment_id VARCHAR NOT NULL,
    customer_id VARCHAR,
    share_group VARCHAR,
    version VARCHAR,
    stage VARCHAR,
    region VARCHAR,
    service VARCHAR,
    host VARCHAR,
    severity UTINYINT,
    severity_text VARCHAR,
    signature_id VARCHAR NOT NULL,
    variables VARCHAR,
    message VARCHAR,
    trace_id VARCHAR,
    repeats UINTEGER NOT NULL,
    lines UINTEGER NOT NULL,
    source_id VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS hours (
    hour TIMESTAMP NOT NULL,
    signature_id VARCHAR NOT NULL,
    environment_id VARCHAR NOT NULL,
    customer_id VARCHAR,
    share_group VARCHAR,
    version VARCHAR,
    stage VARCHAR,
    severity UTINYINT,
    events BIGINT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS days (
    day DATE NOT NULL,
    signature_id VARCHAR NOT NULL,
    environment_id VARCHAR NOT NULL,
    customer_id VARCHAR,
    share_group VARCHAR,
    version VARCHAR,
    stage VARCHAR,
    severity UTINYINT,
    events BIGINT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS months (
    month DATE NOT NULL,
    signature_id VARCHAR NOT NULL,
    environment_id VARCHAR NOT NULL,
    customer_id VARCHAR,
    share_group VARCHAR,
    version VARCHAR,
    stage VARCHAR,
    severity UTINYINT,
    events BIGINT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS coverage (
    source_id VARCHAR NOT NULL,
    environment_id VARCHAR NOT NULL,
    host VARCHAR,
    timed BOOLEAN NOT NULL,
    starts_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL,
    told_from TIMESTAMP NOT NULL,
    told_to TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    events BIGINT NOT NULL
);
-- On which days logs of which environment are there: coverage by day.
CREATE TABLE IF NOT EXISTS covered_days (environment_id VARCHAR NOT NULL, day DATE NOT NULL);
-- On which days to look for a distributed trace; its key is a hash of its id.
CREATE TABLE IF NOT EXISTS traces (trace_key UBIGINT NOT NULL, day DATE NOT NULL);
-- Whom a signature fell on in a month: bitmaps of the catalog's numbers; of customers by
-- events of their own, of share groups by events of no single customer.
CREATE TABLE IF NOT EXISTS reach (
    month DATE NOT NULL,
    signature_id VARCHAR NOT NULL,
    severity UTINYINT,
    events BIGINT NOT NULL,
    first_at TIMESTAMP NOT NULL,
    last_at TIMESTAMP NOT NULL,
    environments BLOB NOT NULL,
    customers BLOB NOT NULL,
    share_groups BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS batches (
    batch_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL,
    events BIGINT NOT NULL,
    duplicates BIGINT NOT NULL
);
