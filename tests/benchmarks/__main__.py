"""``make bench``: every measurement, one table each. ``python -m tests.benchmarks NAME ...`` runs only those named."""

from __future__ import annotations

import importlib
import sys

NAMES = ["server", "wsgi_servers", "console", "start"]


def main() -> int:
    chosen = sys.argv[1:] or NAMES
    unknown = [name for name in chosen if name not in NAMES]
    if unknown:
        print(f"unknown benchmark {', '.join(unknown)}; choose from {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in chosen:
        importlib.import_module(f"tests.benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
