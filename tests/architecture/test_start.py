"""What the server does not read before it is needed: every module counts against the time to ready."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["urllib3", "httpx", "textual", "asyncio"])
def test_the_server_starts_without(module):
    program = f"import sys, hooktop.mockserver.app; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
