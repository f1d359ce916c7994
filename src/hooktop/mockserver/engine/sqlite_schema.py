"""The tables of a project's data, in SQL that both SQLite and PostgreSQL understand."""

from __future__ import annotations

VERSION = 1


def _columns(names: str) -> tuple[str, ...]:
    return tuple(names.split())


ENDPOINT_COLUMNS = _columns(
    "id seq kind url name description status rate_per_s burst headers secrets config "
    "paused_at created_at updated_at deleted_at"
)

MESSAGE_FIXED = _columns(
    "seq id endpoint_id kind event_id idempotency_key event_type content_type size_bytes payload_sha256 "
    "headers retention_ms created_at"
)
"""Columns that never change once the message is accepted."""

MESSAGE_MOVING = _columns(
    "state cancelled attempt_count round_attempts replay_count ladder ladder_step due_at next_attempt_at slot_at "
    "payload_expires_at payload_gone_at last_error response_status response_latency_ms first_attempt_at "
    "delivered_at failed_at updated_at deleted_at deleted_by config"
)

ATTEMPT_COLUMNS = _columns(
    "seq id message_id endpoint_id number at finished_at url response_status latency_ms error error_text "
    "resolved_ip conn_reused ladder retry_after_ms replay request_headers response_headers timings response_body"
)

EVENT_COLUMNS = _columns(
    "seq id type idempotency_key payload content_type headers source status config created_at updated_at"
)

THING_COLUMNS = _columns("kind id lookup doc created_at seq")

TABLES = """
CREATE TABLE endpoints (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, url TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT NOT NULL, status TEXT NOT NULL, rate_per_s INTEGER, burst INTEGER, headers TEXT NOT NULL,
    secrets TEXT NOT NULL, config TEXT NOT NULL, paused_at INTEGER, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, deleted_at INTEGER
);
CREATE INDEX endpoints_by_kind ON endpoints (kind, created_at, seq);

CREATE TABLE messages (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, endpoint_id TEXT NOT NULL, kind TEXT NOT NULL,
    event_id TEXT, idempotency_key TEXT, event_type TEXT NOT NULL, content_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL, payload_sha256 TEXT NOT NULL, headers TEXT NOT NULL, retention_ms INTEGER,
    created_at INTEGER NOT NULL, state TEXT NOT NULL, cancelled INTEGER NOT NULL, attempt_count INTEGER NOT NULL,
    round_attempts INTEGER NOT NULL, replay_count INTEGER NOT NULL, ladder TEXT, ladder_step INTEGER NOT NULL,
    due_at INTEGER, next_attempt_at INTEGER, slot_at INTEGER, payload_expires_at INTEGER, payload_gone_at INTEGER,
    last_error TEXT, response_status INTEGER, response_latency_ms INTEGER, first_attempt_at INTEGER,
    delivered_at INTEGER, failed_at INTEGER, updated_at INTEGER NOT NULL, deleted_at INTEGER, deleted_by TEXT,
    config TEXT NOT NULL
);
CREATE INDEX messages_by_kind ON messages (kind, created_at, seq);
CREATE INDEX messages_by_state ON messages (kind, state, created_at, seq);
CREATE INDEX messages_by_endpoint ON messages (endpoint_id, created_at, seq);
CREATE INDEX messages_by_endpoint_state ON messages (endpoint_id, state, created_at, seq);
CREATE INDEX messages_by_event ON messages (event_id, created_at, seq) WHERE event_id IS NOT NULL;
CREATE INDEX messages_by_key ON messages (endpoint_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX messages_due ON messages (due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX messages_expiring ON messages (payload_expires_at, seq)
    WHERE payload_expires_at IS NOT NULL AND payload_gone_at IS NULL;

CREATE TABLE payloads (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE flights (seq INTEGER PRIMARY KEY, flight BLOB NOT NULL);

CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, message_id TEXT NOT NULL, endpoint_id TEXT NOT NULL,
    number INTEGER NOT NULL, at INTEGER NOT NULL, finished_at INTEGER NOT NULL, url TEXT NOT NULL,
    response_status INTEGER, latency_ms INTEGER NOT NULL, error TEXT, error_text TEXT NOT NULL,
    resolved_ip TEXT NOT NULL, conn_reused INTEGER NOT NULL, ladder TEXT, retry_after_ms INTEGER,
    replay INTEGER NOT NULL, request_headers TEXT NOT NULL, response_headers TEXT NOT NULL, timings TEXT NOT NULL,
    response_body BLOB NOT NULL
);
CREATE INDEX attempts_by_message ON attempts (message_id, number);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, idempotency_key TEXT,
    payload BLOB NOT NULL, content_type TEXT NOT NULL, headers TEXT NOT NULL, source TEXT NOT NULL,
    status TEXT NOT NULL, config TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
);
CREATE INDEX events_by_time ON events (created_at, seq);
CREATE INDEX events_by_key ON events (idempotency_key, created_at, seq) WHERE idempotency_key IS NOT NULL;

CREATE TABLE things (
    kind TEXT NOT NULL, id TEXT NOT NULL, lookup TEXT, doc TEXT NOT NULL, created_at INTEGER NOT NULL,
    seq INTEGER NOT NULL, PRIMARY KEY (kind, id)
);
CREATE INDEX things_by_time ON things (kind, created_at, seq);
CREATE INDEX things_by_lookup ON things (kind, lookup) WHERE lookup IS NOT NULL;

CREATE TABLE notes (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
