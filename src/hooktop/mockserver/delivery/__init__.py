"""The rules of delivery: pure values and decisions. No I/O, no clock, no threads, no framework."""
