"""Headless long work over a provider: watching, plans and runs, the journal, the books, the drill."""
