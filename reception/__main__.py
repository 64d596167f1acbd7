"""`python -m reception` is the `reception` command."""

from reception.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
