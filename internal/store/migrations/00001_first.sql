-- One text for SQLite and PostgreSQL. SQLite takes BIGINT and BYTEA as mere affinities: integers stay
-- integers, and blobs are never converted. Times are UTC unix milliseconds, truth values 0 and 1.
-- Columns named sealed_* hold personal data and secrets, encrypted under a key outside the database.

-- +goose Up
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE accounts (
    id                TEXT PRIMARY KEY,
    title             TEXT NOT NULL,
    branches          TEXT NOT NULL, -- JSON array of branch ids, the first is the main one
    sealed_api_key    BYTEA,
    sealed_user_token BYTEA,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);

CREATE TABLE bookings (
    id              TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL,
    branch_id       BIGINT NOT NULL,
    owner           TEXT NOT NULL, -- person id, or '' for a guest
    phone_hmac      TEXT NOT NULL, -- '' once erased
    sealed_client   BYTEA,         -- phone, name, email, comment as JSON; NULL once erased
    secret_hash     TEXT NOT NULL, -- '' when only a session opens it
    status          TEXT NOT NULL,
    reason          TEXT NOT NULL, -- problem code
    consent_version TEXT NOT NULL,
    consent_at      BIGINT,
    sequence        BIGINT NOT NULL, -- rises with every change of time or status: SEQUENCE of the calendar
    erase_wanted    BIGINT NOT NULL,
    ends_at         BIGINT NOT NULL, -- of the last appointment
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL
);
CREATE INDEX bookings_owner ON bookings (owner, ends_at);
CREATE INDEX bookings_phone ON bookings (phone_hmac);
CREATE INDEX bookings_status ON bookings (status, updated_at);

CREATE TABLE booking_appointments (
    booking_id         TEXT NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    position           BIGINT NOT NULL,
    service_ids        TEXT NOT NULL, -- JSON array
    staff_asked        BIGINT NOT NULL, -- 0 = any
    staff_id           BIGINT NOT NULL, -- 0 = not known yet
    start              TEXT NOT NULL, -- the opaque text of the API
    starts_at          BIGINT NOT NULL,
    length_s           BIGINT NOT NULL,
    record_id          BIGINT, -- NULL until YCLIENTS named it
    sealed_record_hash BYTEA,
    deleted            BIGINT NOT NULL,
    display            TEXT NOT NULL, -- JSON for the screen: titles and prices as they were
    PRIMARY KEY (booking_id, position)
);
CREATE INDEX booking_appointments_record ON booking_appointments (record_id);

CREATE TABLE intents (
    id             TEXT PRIMARY KEY,
    booking_id     TEXT NOT NULL, -- no reference: a record made elsewhere (r-branch-record) is moved and cancelled too
    number         BIGINT NOT NULL, -- first, second, … change of this booking
    account_id     TEXT NOT NULL,
    branch_id      BIGINT NOT NULL,
    kind           TEXT NOT NULL,
    state          TEXT NOT NULL,
    api_id         TEXT UNIQUE, -- our mark in the record; NULL for a move or a cancel
    sealed_payload BYTEA,       -- the exact body to send; NULL once settled
    fingerprint    TEXT NOT NULL,
    version        BIGINT NOT NULL, -- rises with every transition: the fence
    lease_until    BIGINT NOT NULL,
    attempts       BIGINT NOT NULL,
    looks          BIGINT NOT NULL,
    sent_at        BIGINT,
    next_look_at   BIGINT NOT NULL,
    settled_at     BIGINT,
    reason         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);
-- One change of a booking at a time, whatever runs beside: by constraint, not by care.
CREATE UNIQUE INDEX intents_open ON intents (booking_id) WHERE state IN ('ready', 'sent', 'unknown');
CREATE INDEX intents_due ON intents (next_look_at) WHERE state IN ('ready', 'sent', 'unknown');
CREATE UNIQUE INDEX intents_booking ON intents (booking_id, number);

CREATE TABLE idempotency (
    owner_key       TEXT NOT NULL,
    idem_key        TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    state           TEXT NOT NULL,
    fence           BIGINT NOT NULL,
    lease_until     BIGINT NOT NULL,
    booking_id      TEXT NOT NULL,
    intent_id       TEXT NOT NULL,
    status_code     BIGINT NOT NULL,
    sealed_keep     BYTEA,
    sealed_response BYTEA,
    expires_at      BIGINT NOT NULL,
    PRIMARY KEY (owner_key, idem_key)
);
CREATE INDEX idempotency_expires ON idempotency (expires_at);

CREATE TABLE people (
    id             TEXT PRIMARY KEY,
    account_id     TEXT NOT NULL,
    phone_hmac     TEXT NOT NULL,
    sealed_profile BYTEA, -- phone, name, email as JSON
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    UNIQUE (account_id, phone_hmac)
);

CREATE TABLE families (
    id                  TEXT PRIMARY KEY,
    person_id           TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    sealed_client_token BYTEA, -- C: the client's own token of YCLIENTS
    revoked_at          BIGINT,
    revoked_reason      TEXT NOT NULL,
    expires_at          BIGINT NOT NULL,
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL
);
CREATE INDEX families_person ON families (person_id);
CREATE INDEX families_expires ON families (expires_at);

CREATE TABLE access_tokens (
    hash       TEXT PRIMARY KEY,
    family_id  TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX access_tokens_family ON access_tokens (family_id);
CREATE INDEX access_tokens_expires ON access_tokens (expires_at);

CREATE TABLE refresh_tokens (
    hash             TEXT PRIMARY KEY,
    family_id        TEXT NOT NULL REFERENCES families (id) ON DELETE CASCADE,
    expires_at       BIGINT NOT NULL,
    replaced_at      BIGINT,
    sealed_successor BYTEA -- the pair that replaced it, kept only for the grace period
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);

CREATE TABLE code_events (
    id         TEXT PRIMARY KEY,
    kind       TEXT NOT NULL, -- send or try
    phone_hmac TEXT NOT NULL,
    addr_hmac  TEXT NOT NULL,
    code_no    BIGINT NOT NULL, -- which code of this phone, counted from its sends
    at         BIGINT NOT NULL,
    outcome    TEXT NOT NULL -- a send is sent or answered, a try is failed or right; what never left is deleted
);
CREATE INDEX code_events_phone ON code_events (phone_hmac, kind, at);
CREATE INDEX code_events_addr ON code_events (addr_hmac, at);
CREATE INDEX code_events_at ON code_events (at);

CREATE TABLE consents (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    branch_id  BIGINT NOT NULL,
    who        TEXT NOT NULL, -- person id, or HMAC of a guest's phone
    version    TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX consents_who ON consents (who, branch_id, at);

CREATE TABLE pace (
    egress     TEXT PRIMARY KEY,
    state      BYTEA,
    updated_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE pace;
DROP TABLE consents;
DROP TABLE code_events;
DROP TABLE refresh_tokens;
DROP TABLE access_tokens;
DROP TABLE families;
DROP TABLE people;
DROP TABLE idempotency;
DROP TABLE intents;
DROP TABLE booking_appointments;
DROP TABLE bookings;
DROP TABLE accounts;
DROP TABLE settings;
