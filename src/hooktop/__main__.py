"""``python -m hooktop``: the same as the command ``hooktop``."""

from importlib import import_module

# by name: the wall between the root modules lets neither import the other
import_module("hooktop.command").run()
