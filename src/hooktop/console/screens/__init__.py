"""The places and dialogs of the console."""
