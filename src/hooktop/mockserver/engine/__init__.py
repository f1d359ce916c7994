"""What both providers run on: clock, store, scheduler, transport, receivers, faults, journal, projects."""
