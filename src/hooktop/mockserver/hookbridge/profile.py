"""Where the sources contradict each other: what this server does, and the switch for the other reading.

A project takes other values with `profile` at its creation. The documentation's table is made from PROFILE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One disputed point. `readings` maps every value to its meaning; the first one is the default."""

    name: str
    readings: Mapping[str, str]
    source: str
    changes: str
    """What a client notices."""

    @property
    def default(self) -> str:
        """The reading in force unless the project says otherwise."""
        return next(iter(self.readings))


_SWITCHES: Final = (
    Switch(
        name="unknown_endpoint_on_send",
        readings={
            "400": "the operation page lists ENDPOINT_NOT_FOUND among its 400 bodies and has no 404",
            "404": "the live tests of the php and go clients expect 404, even for a badly formed id",
        },
        source="docs/api/operations/sendwebhook; php sdk 1.4.1 and go sdk 1.5.0 live tests",
        changes="status of ENDPOINT_NOT_FOUND on POST /v1/webhooks/send",
    ),
    Switch(
        name="not_found_text",
        readings={
            "documented": "every 404 says 'Message not found', as every page prints it",
            "by_resource": "the text names the resource: 'Endpoint not found', 'Message not found'",
        },
        source="docs/api/operations/* (one shared 404 example)",
        changes="error.message of NOT_FOUND",
    ),
    Switch(
        name="paused_status",
        readings={
            "paused": "the pause and resume pages move held messages to a status 'paused'",
            "queued": "no status enum of logs, message or client has 'paused'",
        },
        source="docs/api/operations/pauseendpoint, resumeendpoint, getlogs",
        changes="status of a message held by a paused endpoint",
    ),
    Switch(
        name="bad_url_code",
        readings={
            "INVALID_REQUEST": "the operation pages: INVALID_REQUEST 'endpoint must be a valid HTTPS URL'",
            "INVALID_ENDPOINT": "the error and URL guides: INVALID_ENDPOINT",
        },
        source="docs/api/operations/createendpoint; docs/guides/product/error-handling",
        changes="error.code of a URL that is not https, malformed, too short or too long",
    ),
    Switch(
        name="replay_succeeded",
        readings={
            "allowed": "newer pages: failed and succeeded messages can be replayed",
            "refused": "older pages: 409 ALREADY_DELIVERED",
        },
        source="docs/api/operations/replaymessage/ (newer) and replaymessage (older)",
        changes="replay of a succeeded message",
    ),
    Switch(
        name="delete_answer",
        readings={"body": "documentation: {deleted: true}", "204": "php sdk mock: 204 without a body"},
        source="docs/api/operations/deleteendpoint; php sdk 1.4.1",
        changes="answer of DELETE /v1/endpoints/{id}",
    ),
    Switch(
        name="update_answer",
        readings={
            "summary": "documentation, go, python: {id, updated}",
            "whole": "php sdk: the whole endpoint",
        },
        source="docs/api/operations/updateendpoint; php sdk 1.4.1",
        changes="answer of PATCH /v1/endpoints/{id}",
    ),
    Switch(
        name="dlq_replay_status",
        readings={"replayed": "documentation", "queued": "go sdk mock"},
        source="docs/api/operations/replayfromdlq; go sdk 1.5.0",
        changes="data.status of POST /v1/dlq/replay/{id}",
    ),
    Switch(
        name="dlq_item",
        readings={
            "summary": "php, python: the log summary with its status",
            "failed_at": "go: failed_at and no status",
        },
        source="docs/api/operations/getdlqmessages; go sdk 1.5.0",
        changes="items of GET /v1/dlq/messages",
    ),
    Switch(
        name="retry_answer",
        readings={"summary": "documentation: {message_id, status}", "message": "go sdk: a full message"},
        source="docs/api/operations/retrynow, cancelretry; go sdk 1.5.0",
        changes="data of retry-now and cancel",
    ),
    Switch(
        name="zero_rate",
        readings={"no_limit": "reference: 0 = no limit", "refused": "guide: at least 1 when set"},
        source="docs/api/operations/createendpoint; docs/guides/outbound/rate-limiting",
        changes="rate_limit_rps 0 and burst 0 on create and update",
    ),
    Switch(
        name="ingest_url_again",
        readings={
            "shown": "newer GET page: ingest_url with the token, so that people can look it up",
            "once": "create pages and guides: shown once, at creation",
        },
        source="docs/api/operations/getinboundendpoint/ (newer); docs/guides/inbound/endpoint-lifecycle",
        changes="ingest_url in GET and list of inbound endpoints",
    ),
    Switch(
        name="endpoint_list_has_more",
        readings={"absent": "documentation: next_cursor only", "present": "go sdk reads meta.has_more"},
        source="docs/api/operations/listendpoints; go sdk 1.5.0",
        changes="meta of GET /v1/endpoints and GET /v1/inbound-endpoints",
    ),
    Switch(
        name="inbound_repeat_pause",
        readings={
            "no_op": "the pull page documents no 409 for a repeated pause; inbound is taken alike",
            "conflict": "409 ALREADY_PAUSED / NOT_PAUSED as for outbound",
        },
        source="not documented for inbound; docs/guides/inbound/endpoint-lifecycle",
        changes="second pause or resume of an inbound endpoint",
    ),
    Switch(
        name="inbound_duplicate_url",
        readings={
            "allowed": "the guide does not say whether the rule covers forwarding URLs; many share one",
            "refused": "409 DUPLICATE_URL as for outbound",
        },
        source="docs/guides/product/error-handling",
        changes="second inbound endpoint with the same forwarding URL",
    ),
    Switch(
        name="inbound_hmac_content",
        readings={
            "body": "the signature covers the raw body",
            "timestamp.body": "it covers the timestamp header, a dot and the body",
        },
        source="not documented; docs/guides/inbound/verification-options",
        changes="what verify_hmac computes when a timestamp header is configured",
    ),
    Switch(
        name="payload_type",
        readings={"object": "documentation: payload is an object", "any": "go sdk: any JSON value"},
        source="docs/api/operations/sendwebhook; go sdk 1.5.0",
        changes="send with an array, a string, a number or null as payload",
    ),
    Switch(
        name="metrics_24h_bucket",
        readings={
            "1h": "the operation page's example is hourly",
            "15m": "the pull monitoring guide says 15 minutes",
        },
        source="docs/api/operations/gettimeseriesmetrics; docs/guides/pull/monitoring",
        changes="bucket size of the 24h time series",
    ),
)

PROFILE: Final[Mapping[str, Switch]] = {switch.name: switch for switch in _SWITCHES}


def reading(chosen: Mapping[str, str], name: str) -> str:
    """The reading of switch `name` in a project that chose `chosen`."""
    return chosen.get(name) or PROFILE[name].default


def complaints(chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Why these choices cannot be taken: one sentence for each unknown switch or value."""
    found: list[str] = []
    for name, value in chosen.items():
        switch = PROFILE.get(name)
        if switch is None:
            found.append(f"profile.{name}: no such switch; there are {', '.join(PROFILE)}")
        elif value not in switch.readings:
            found.append(f"profile.{name}: {value!r} is none of {', '.join(switch.readings)}")
    return tuple(found)
