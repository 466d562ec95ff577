-- The catalog's own tables; those that come in from outside stand in records/tables.py.
CREATE TABLE IF NOT EXISTS meta (name VARCHAR NOT NULL, value VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS signatures (
    signature_id VARCHAR NOT NULL,
    scheme VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    template VARCHAR NOT NULL,
    parts VARCHAR[] NOT NULL,
    rules VARCHAR[]
);
CREATE TABLE IF NOT EXISTS shapes (
    shape BLOB NOT NULL,
    signature_id VARCHAR NOT NULL,
    spans UINTEGER[] NOT NULL,
    rebuilds BOOLEAN NOT NULL
);
CREATE TABLE IF NOT EXISTS signature_aliases (
    signature_id VARCHAR NOT NULL,
    merged_into VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    step_into VARCHAR,
    decided_at TIMESTAMP,
    position BIGINT
);
-- Every change of the table above, in order: what was read as what at an earlier moment.
CREATE TABLE IF NOT EXISTS alias_history (
    signature_id VARCHAR NOT NULL,
    merged_into VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    step_into VARCHAR,
    decided_at TIMESTAMP,
    position BIGINT
);
-- Events of a signature that a person gave to another one, by the value of a variable.
CREATE TABLE IF NOT EXISTS signature_splits (
    signature_id VARCHAR NOT NULL,
    variable INTEGER NOT NULL,
    value VARCHAR NOT NULL,
    split_into VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
-- Words of templates, each with the first customers it was seen at.
CREATE TABLE IF NOT EXISTS vocabulary (word VARCHAR NOT NULL, customer_id VARCHAR NOT NULL);
-- Which signature became which; every change is a row, the latest one counts.
CREATE TABLE IF NOT EXISTS lineage (
    from_id VARCHAR NOT NULL,
    to_id VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    together BOOLEAN NOT NULL,
    confidence DOUBLE,
    ratio DOUBLE,
    since_version VARCHAR,
    since TIMESTAMP,
    environments BIGINT,
    events_before BIGINT,
    events_after BIGINT,
    reasons VARCHAR,
    author VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
-- The numbers that stand for names in the bitmaps of partitions; none is used twice.
CREATE TABLE IF NOT EXISTS numbers (
    kind VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    number INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS share_groups (
    share_group VARCHAR NOT NULL,
    customer_id VARCHAR NOT NULL,
    weight DOUBLE NOT NULL
);
CREATE TABLE IF NOT EXISTS collections (
    collection_id VARCHAR NOT NULL,
    environment_id VARCHAR,
    name VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL,
    status VARCHAR NOT NULL,
    records BIGINT NOT NULL,
    rejects BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS sources (
    source_id VARCHAR NOT NULL,
    collection_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL
);
-- What a host's clock showed when a collection came: the last few for each, by slot.
CREATE TABLE IF NOT EXISTS clock_readings (
    environment_id VARCHAR NOT NULL,
    host VARCHAR,
    zoned BOOLEAN NOT NULL,
    slot BIGINT NOT NULL,
    collection_id VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL,
    collected_at TIMESTAMP,
    oldest_at TIMESTAMP NOT NULL,
    newest_at TIMESTAMP NOT NULL,
    records BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS clocks (
    environment_id VARCHAR NOT NULL,
    host VARCHAR,
    zoned BOOLEAN NOT NULL,
    kind VARCHAR NOT NULL,
    offset_seconds DOUBLE NOT NULL,
    low DOUBLE NOT NULL,
    high DOUBLE NOT NULL,
    drift_per_day DOUBLE NOT NULL,
    pairs BIGINT NOT NULL,
    readings BIGINT NOT NULL,
    starts_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL,
    applied BOOLEAN NOT NULL,
    records BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    seen_at TIMESTAMP NOT NULL
);
-- Which services lines came of, by place; and which write a signature. As it was first heard.
CREATE TABLE IF NOT EXISTS environment_services (
    environment_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS signature_services (
    signature_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    received_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS rejects (
    collection_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    position BIGINT,
    lines BIGINT NOT NULL,
    detail VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS issues (
    issue_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    detected_at TIMESTAMP NOT NULL,
    since TIMESTAMP,
    baseline DOUBLE,
    observed DOUBLE,
    evidence VARCHAR
);
CREATE TABLE IF NOT EXISTS issue_signatures (
    issue_id VARCHAR NOT NULL,
    signature_id VARCHAR NOT NULL
);
-- Which versions have an issue (or signature) and which its fix, as people said: lists are
-- JSON. Rows are only ever added; the latest of a component counts.
CREATE TABLE IF NOT EXISTS fixes (
    issue_id VARCHAR NOT NULL,
    component VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    fixed_in VARCHAR NOT NULL,
    affected_from VARCHAR NOT NULL,
    affected VARCHAR NOT NULL,
    branches VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS links (
    link_id VARCHAR NOT NULL,
    left_kind VARCHAR NOT NULL,
    left_id VARCHAR NOT NULL,
    right_kind VARCHAR NOT NULL,
    right_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    confidence DOUBLE,
    reasons VARCHAR,
    author VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);
-- Every decision on a link, in order: the latest one counts.
CREATE TABLE IF NOT EXISTS link_decisions (
    link_id VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    state VARCHAR NOT NULL,
    author VARCHAR NOT NULL,
    reasons VARCHAR,
    decided_at TIMESTAMP NOT NULL
);
-- What was learned from links about causes: weights by name as JSON, and how they did.
CREATE TABLE IF NOT EXISTS cause_models (
    version VARCHAR NOT NULL,
    learned_at TIMESTAMP NOT NULL,
    adopted BOOLEAN NOT NULL,
    weights VARCHAR NOT NULL,
    bias DOUBLE NOT NULL,
    temperature DOUBLE NOT NULL,
    links BIGINT NOT NULL,
    judged BIGINT NOT NULL,
    loss_before DOUBLE,
    loss_after DOUBLE
);
-- How long a customer's troubles last until its tickets: mean of log hours; no customer: of all.
CREATE TABLE IF NOT EXISTS cause_delays (
    version VARCHAR NOT NULL,
    customer_id VARCHAR,
    tickets BIGINT NOT NULL,
    log_hours DOUBLE NOT NULL
);
-- What was done with the workspace as a whole: only ever added to. No id of a customer.
CREATE TABLE IF NOT EXISTS audit (
    "at" TIMESTAMP NOT NULL,
    action VARCHAR NOT NULL,
    "by" VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    details VARCHAR NOT NULL
);
