"""`python -m query_guard`."""

import sys

from query_guard.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
