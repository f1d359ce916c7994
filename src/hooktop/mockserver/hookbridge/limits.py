"""Every number of this API in one place, each with the page or client it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

SLOW_LADDER_MS: Final = tuple(
    delay * MINUTE for delay in (30, 120, 6 * 60, 12 * 60, 24 * 60, 48 * 60, 72 * 60, 96 * 60)
)
"""After every failure but 429. source: docs/api/operations/sendwebhook"""

FAST_LADDER_MS: Final = tuple(delay * SECOND for delay in (30, 60, 120, 240, 300))
"""After a 429. source: docs/api/operations/sendwebhook"""

MAX_ATTEMPTS: Final = 8
"""Then failed_permanent. source: docs/api/operations/sendwebhook"""

POLL_MS: Final = MINUTE
"""The scheduler looks for retry-now and resumed messages this often.

source: docs/api/operations/retrynow (typically within 1 minute), resumeendpoint (typically 1-5 minutes)
"""

RETRY_AFTER_CAP_SLOW_MS: Final = 24 * HOUR
RETRY_AFTER_CAP_FAST_MS: Final = HOUR
"""Caps exist, their values are not documented: ours. source: docs/guides/outbound/retry-behavior"""

REPLAY_LIMIT: Final = 10
"""Per message; dead-letter replays are not counted. source: docs/api/operations/replaymessage"""

PAYLOAD_MAX_BYTES: Final = 1024 * 1024
"""source: docs/guides/product/error-handling (PAYLOAD_TOO_LARGE, 1 MB)"""

SEND_HEADERS_MAX: Final = 50
SEND_HEADERS_MAX_BYTES: Final = 8 * 1024
"""source: docs/api/operations/sendwebhook"""

IDEMPOTENCY_KEY_MAX: Final = 255
URL_MIN: Final = 12
URL_MAX: Final = 2048
DESCRIPTION_MAX: Final = 500
NAME_MAX: Final = 255
RATE_MAX: Final = 1000
BURST_MAX: Final = 10_000
TTL_MINUTES_MAX: Final = 1440
"""source: docs/api/operations/createendpoint, createinboundendpoint; hb command line 1.1.0"""

TIMESTAMP_TTL_MAX: Final = 365 * 24 * 60 * 60
"""Seconds; only the minimum of 1 is documented, a maximum is ours."""

ATTEMPTS_MAX: Final = 200
"""An attempts list is cut here and has no cursor. source: docs/api/operations/getmessageattempts"""

DEFAULT_INGEST_CODE: Final = 202
"""source: docs/api/operations/getinboundendpoint (example)"""

FORBIDDEN_HEADERS: Final = frozenset(
    {
        "host",
        "authorization",
        "content-length",
        "transfer-encoding",
        "connection",
        "x-webhook-signature",
        "x-webhook-id",
        "x-webhook-timestamp",
    }
)
"""The documentation names Host and Authorization "etc"; the rest is inferred."""

UNRESOLVABLE_SUFFIXES: Final = (".invalid",)
"""Names that RFC 6761 promises never resolve: how ENDPOINT_UNREACHABLE is reached without any DNS."""

OWN_DOMAINS: Final = ("hookbridge.io", "testing-hookbridge.io")
"""Destinations on the service itself are refused. source: docs/guides/product/url-requirements"""


@dataclass(frozen=True, slots=True)
class PageSize:
    """The page sizes that one list allows."""

    default: int
    maximum: int
    minimum: int = 1


ENDPOINTS_PAGE: Final = PageSize(50, 100)
LOGS_PAGE: Final = PageSize(50, 500)
DEAD_LETTERS_PAGE: Final = PageSize(100, 1000)
"""The first two from the operation pages, the third from the php client's comments."""

WINDOWS_MS: Final = {"1h": HOUR, "24h": 24 * HOUR, "7d": 7 * DAY, "30d": 30 * DAY}
BUCKETS_MS: Final = {"1h": MINUTE, "24h": HOUR, "7d": 6 * HOUR, "30d": DAY}
"""24h is hourly in the page's own example; 1h from the pull guide; 7d and 30d are not documented: ours.
source: docs/api/operations/gettimeseriesmetrics"""
