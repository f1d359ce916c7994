"""Every answer in the functional tests is judged by the documents."""

from __future__ import annotations

import httpx

from hooktop.openapi.validation import MISSING, Judge


def judged(response: httpx.Response, operation_id: str, api: str) -> httpx.Response:
    """The response itself, after the document `api` has found nothing wrong with it."""
    judge = Judge.of(api)
    content_type = response.headers.get("Content-Type")
    body = MISSING
    if response.content:
        is_json = (content_type or "").startswith("application/json")
        body = response.json() if is_json else response.text
    found = judge.response(operation_id, response.status_code, content_type, body)
    assert not found, (
        f"{operation_id} {response.status_code}: " + "; ".join(map(str, found)) + f"\n{response.text}"
    )
    return response
