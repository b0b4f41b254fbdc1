"""``python -m tieline``: the same as the command ``tieline``."""

from tieline.server.cli import main

if __name__ == "__main__":
    main()
