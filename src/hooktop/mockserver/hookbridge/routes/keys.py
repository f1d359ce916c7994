"""API keys. source: docs/api/operations/listapikeys"""

from __future__ import annotations

import hashlib
from typing import Final

from hooktop.mockserver.hookbridge import wire
from hooktop.mockserver.hookbridge.routes.common import data
from hooktop.mockserver.http.call import Answer, Call
from hooktop.mockserver.http.wing import Wing

PREFIX_LENGTH: Final = 11
"""source: docs/api/operations/listapikeys ("hb_live_abc")"""


def add(wing: Wing) -> None:
    """Serve the operation."""
    wing.operation("listAPIKeys", "GET", "/v1/api-keys")(list_api_keys)


def list_api_keys(call: Call) -> Answer:
    """The project's one key, never its text; reading the list is itself a use of it."""
    project = call.tenant
    key = {
        "key_id": "key_" + hashlib.sha256(project.api_key.encode()).hexdigest()[:12],
        "label": project.name,
        "prefix": project.api_key[:PREFIX_LENGTH],
        "created_at": wire.instant(project.created_at),
        "last_used_at": wire.instant(call.now),
    }
    return data(call, [key])
