"""``python -m hooktop``: the same as the command ``hooktop``."""

from hooktop.command import run

if __name__ == "__main__":
    run()
