"""A rate limit as a single instant: the time at which the next delivery fits (the generic cell rate rule)."""

from __future__ import annotations


def reserve(next_free_us: int, now: int, rate_per_s: int, burst: int | None) -> tuple[int, int]:
    """Set a slot aside. Returns the new state, in microseconds, and the slot, in milliseconds (`now`: go ahead).

    `next_free_us` is the state that the call before returned (0 at first). Up to `burst` deliveries
    (one, when None) pass at once after a rest.
    """
    gap = 1_000_000 // max(1, rate_per_s)
    now_us = now * 1_000
    leeway = gap * (max(1, burst or 1) - 1)
    start = max(next_free_us, now_us)
    slot_us = max(now_us, start - leeway)
    return start + gap, -(-slot_us // 1_000)
