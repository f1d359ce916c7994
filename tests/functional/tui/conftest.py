"""A running console for every test of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from driving import Console, running


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    """A console on the outage world, 120 by 40."""
    async with running() as started:
        yield started
