"""Measurements beside the peers. Run by ``make bench``; they print tables and assert nothing."""
