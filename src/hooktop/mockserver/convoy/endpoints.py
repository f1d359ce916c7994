"""Endpoints: create, list, get, pause (a toggle) and activate."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from hooktop.mockserver.convoy import wire
from hooktop.mockserver.convoy.profile import reading
from hooktop.mockserver.convoy.queries import first, page, paging
from hooktop.mockserver.convoy.wing import ConvoyWing, success
from hooktop.mockserver.delivery.lifecycle import Reason, Refused
from hooktop.mockserver.delivery.model import Endpoint
from hooktop.mockserver.engine.desk import Missing
from hooktop.mockserver.engine.project import Project
from hooktop.mockserver.engine.store import EndpointQuery, key_of
from hooktop.mockserver.http.call import MISSING, Answer, Call, Malformed
from hooktop.mockserver.http.errors import ApiError

_TEXTS = ("owner_id", "description", "support_email", "slack_webhook_url", "teams_webhook_url", "secret")


def register(wing: ConvoyWing) -> None:
    """Add the operations to the wing."""

    @wing.operation("CreateEndpoint", "POST", "/api/v1/projects/<projectID>/endpoints")
    def create_endpoint(call: Call) -> Answer:
        tenant, body = call.tenant, _body(call)
        url = _checked_url(tenant, body)
        rate_per_s, burst = _rate(body)
        made = tenant.desk.create_endpoint(
            url=url,
            name=body["name"],
            description=body.get("description") or "",
            secrets=(tenant.desk.new_secret(body.get("secret") or None),),
            config=_config(body),
            rate_per_s=rate_per_s,
            burst=burst,
        )
        return success(201, "Endpoint created successfully", wire.endpoint(tenant, made, created=True))

    @wing.operation("GetEndpoints", "GET", "/api/v1/projects/<projectID>/endpoints")
    def get_endpoints(call: Call) -> Answer:
        return success(200, "Endpoints fetched successfully", _page(call))

    @wing.operation("GetEndpoint", "GET", "/api/v1/projects/<projectID>/endpoints/<endpointID>")
    def get_endpoint(call: Call) -> Answer:
        found = call.tenant.store.endpoint(call.path["endpointID"])
        if found is None or found.deleted_at is not None:
            raise ApiError(404, message="Resource not found")
        return success(200, "Endpoint fetched successfully", wire.endpoint(call.tenant, found))

    @wing.operation("PauseEndpoint", "PUT", "/api/v1/projects/<projectID>/endpoints/<endpointID>/pause")
    def pause_endpoint(call: Call) -> Answer:
        changed = _change_status(call, activate=False)
        return success(202, "endpoint status updated successfully", wire.endpoint(call.tenant, changed))

    @wing.operation(
        "ActivateEndpoint", "POST", "/api/v1/projects/<projectID>/endpoints/<endpointID>/activate"
    )
    def activate_endpoint(call: Call) -> Answer:
        changed = _change_status(call, activate=True)
        return success(202, "endpoint status successfully activated", wire.endpoint(call.tenant, changed))


def _change_status(call: Call, *, activate: bool) -> Endpoint:
    """Toggle or activate; `updated_at` is not touched by a change of status."""
    tenant, id = call.tenant, call.path["endpointID"]
    with tenant.lock, tenant.store.transaction():
        try:
            before = tenant.desk.endpoint(id)
            changed = tenant.desk.activate(id)[0] if activate else tenant.desk.toggle_pause(id)
        except Missing:
            raise ApiError(400, message="failed to find endpoint") from None
        except Refused as refused:
            raise ApiError(400, message=_status_refusal(refused.reason)) from None
        restored = replace(changed, updated_at=before.updated_at)
        tenant.store.save_endpoint(restored)
    return restored


def _status_refusal(reason: Reason) -> str:
    if reason is Reason.ENDPOINT_INACTIVE:
        return "current endpoint status - inactive, does not support pausing or unpausing"
    return "current endpoint status - active, does not support activation"


# --- list --------------------------------------------------------------------


def _page(call: Call) -> dict[str, Any]:
    tenant, asked = call.tenant, paging(call.query, ApiError(400, message="Failed to load endpoints"))
    matching = _matching(tenant, first(call.query, "q"), first(call.query, "ownerId"))
    if not asked.newest_first and not asked.cursor:
        # The server starts at an empty id here, which no row is older than.
        matching = []
    ids = [each.id for each in matching]

    def fetch(cursor: str, forward: bool, limit: int) -> Sequence[Endpoint]:
        start = _place(ids, cursor)
        rows = matching[start:] if forward else matching[start::-1]
        return rows[:limit]

    found = page(asked, fetch, lambda row: row.id != ids[0], lambda row: row.id)
    return {
        "content": [wire.endpoint(tenant, row) for row in found.rows],
        "pagination": found.pagination,
    }


def _place(ids: list[str], cursor: str) -> int:
    """Where the cursor's row stands; ids sort by age, so that the place of an unknown one is known too."""
    if not cursor:
        return 0
    if cursor in ids:
        return ids.index(cursor)
    return sum(id > cursor for id in ids)


def _matching(tenant: Project, text: str, owner_id: str) -> list[Endpoint]:
    """All endpoints of the project that match, newest first; there are few of them."""
    found: list[Endpoint] = []
    query = EndpointQuery(name_contains=text or None, limit=1000)
    while batch := tenant.store.endpoints(query):
        found += [each for each in batch if not owner_id or each.config.get("owner_id") == owner_id]
        query = replace(query, after=key_of(batch[-1]))
    return found


# --- create ------------------------------------------------------------------


def _body(call: Call) -> dict[str, Any]:
    try:
        body = call.body
    except Malformed:
        raise ApiError(400, message="Invalid request format") from None
    if body is MISSING:
        raise ApiError(400, message="Invalid request format")
    if not isinstance(body, dict):
        raise ApiError(400, message="Invalid request format")
    _check_types(body)
    complaints = [
        text
        for field, text in (
            ("url", "url:please provide a url for your endpoint"),
            ("name", "name:please provide your endpointName"),
        )
        if not body.get(field)
    ]
    if complaints:
        raise ApiError(400, message=",".join(complaints))
    return body


def _check_types(body: Mapping[str, Any]) -> None:
    wrong = [name for name in ("url", "name", *_TEXTS) if not isinstance(body.get(name), str | None)]
    wrong += [
        name
        for name in ("rate_limit", "rate_limit_duration", "http_timeout")
        if not _is_count(body.get(name))
    ]
    if not isinstance(body.get("advanced_signatures"), bool | None):
        wrong.append("advanced_signatures")
    if not isinstance(body.get("authentication"), dict | None):
        wrong.append("authentication")
    if wrong:
        raise ApiError(400, message="Invalid request format")


def _is_count(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63)


_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
"""What the server's own parser refuses, and ours would quietly leave out."""


def _checked_url(tenant: Project, body: Mapping[str, Any]) -> str:
    url = str(body["url"])
    if _CONTROL.search(url):
        raise ApiError(400, message="invalid endpoint scheme")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ApiError(400, message="invalid endpoint scheme") from None
    if parts.scheme not in ("http", "https"):
        raise ApiError(400, message="invalid endpoint scheme")
    if not parts.hostname:
        raise ApiError(400, message="endpoint url must include a valid host")
    if parts.scheme == "http" and reading(tenant.settings.profile, "secure_endpoints") == "on":
        raise ApiError(400, message="only https endpoints allowed")
    return url


def _config(body: Mapping[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {
        "advanced_signatures": body["advanced_signatures"]
        if body.get("advanced_signatures") is not None
        else True,
        "rate_limit": body.get("rate_limit") or 0,
        "rate_limit_duration": body.get("rate_limit_duration") or 0,
    }
    for name in (
        "owner_id",
        "support_email",
        "slack_webhook_url",
        "teams_webhook_url",
        "content_type",
        "authentication",
    ):
        if body.get(name):
            config[name] = body[name]
    return config


def _rate(body: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The limit as the engine counts it: deliveries a second; a slower one is rounded up to 1."""
    count, seconds = body.get("rate_limit") or 0, body.get("rate_limit_duration") or 0
    if not count or not seconds:
        return None, None
    return max(1, count // seconds), count
