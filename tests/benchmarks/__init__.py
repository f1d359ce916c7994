"""Measurements beside the peers. Run by ``make bench``; they print tables and assert nothing."""

import sys
from pathlib import Path

# pytest puts the folder of the tests on the path; ``python -m tests.benchmarks`` has to do it itself.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
