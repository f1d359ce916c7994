"""``python -m hooktop``: the same as the ``hooktop`` command."""

from hooktop.command import main

if __name__ == "__main__":
    main()
