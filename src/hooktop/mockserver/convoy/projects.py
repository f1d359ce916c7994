"""Operations on the project itself, and the server's own health."""

from __future__ import annotations

from typing import Any

from hooktop.mockserver.convoy import wire
from hooktop.mockserver.convoy.profile import reading
from hooktop.mockserver.convoy.signing import HEADER
from hooktop.mockserver.convoy.wing import ConvoyWing, success
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.http.call import Answer, Call


def register(wing: ConvoyWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("GetProject", "GET", "/api/v1/projects/<projectID>")
    def get_project(call: Call) -> Answer:
        # The id in the path is not looked at: a project key opens its own project and no other.
        return success(200, "Project fetched successfully", project_json(call.tenant))

    @wing.operation("Healthz", "GET", "/healthz", public=True)
    def health(call: Call) -> Answer:
        return success(200, f"Convoy {wire.SERVER_VERSION}")


def project_json(tenant: Project) -> dict[str, Any]:
    """The project that a key belongs to."""
    return {
        "uid": tenant.id,
        "name": tenant.name,
        "logo_url": "",
        "organisation_id": str(tenant.settings.config.get("organisation_id", tenant.id)),
        "type": "outgoing",
        "config": _project_config(tenant),
        "statistics": None,
        "retained_events": 0,
        "created_at": wire.stamp(tenant.created_at),
        "updated_at": wire.stamp(tenant.created_at),
        "deleted_at": None,
    }


def _project_config(tenant: Project) -> dict[str, Any]:
    chosen = tenant.settings.profile
    return {
        "max_payload_read_size": 51200,
        "replay_attacks_prevention_enabled": False,
        "add_event_id_trace_headers": False,
        "disable_endpoint": False,
        "multiple_endpoint_subscriptions": False,
        "verify_dynamic_events": False,
        "allow_unmatched_dynamic_urls": False,
        "search_policy": "",
        "ssl": {"enforce_secure_endpoints": reading(chosen, "secure_endpoints") == "on"},
        "ratelimit": {"count": 1000, "duration": 60},
        "strategy": {
            "type": reading(chosen, "strategy"),
            "duration": int(reading(chosen, "interval_s")),
            "retry_count": int(reading(chosen, "retry_count")),
        },
        "signature": {
            "header": HEADER,
            "versions": [
                {
                    "uid": tenant.id,
                    "hash": "SHA256",
                    "encoding": "hex",
                    "created_at": wire.stamp(tenant.created_at),
                }
            ],
        },
        "request_id_header": "X-Convoy-Idempotency-Key",
        "meta_event": {
            "is_enabled": False,
            "type": "http",
            "event_type": [],
            "url": "",
            "secret": "",
            "pub_sub": None,
        },
        "circuit_breaker": {
            "sample_rate": 30,
            "error_timeout": 30,
            "failure_threshold": 70,
            "success_threshold": 5,
            "minimum_request_count": 10,
            "observability_window": 5,
            "consecutive_failure_threshold": 10,
        },
    }
