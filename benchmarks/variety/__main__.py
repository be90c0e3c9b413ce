"""`python -m benchmarks.variety --plain`: how hard the varied faces are, by the plain detector of `benchmarks.strangers`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.strangers.plain import table
from benchmarks.variety.faces import faces


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit status is 0. Leaves with 2 and what to give where no face is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.variety", description=__doc__)
    parser.add_argument("--plain", action="store_true", required=True, help="print the plain detector's table")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="of the first face (0)")
    parser.add_argument("--count", type=int, default=26, metavar="N", help="of faces (26)")
    parser.add_argument("--duration", type=float, default=480.0, metavar="SECONDS", help="of each face (480)")
    given = parser.parse_args(arguments)
    try:
        varied = faces(given.first, given.count, given.duration)
    except ValueError as error:
        parser.error(str(error))
    print(table(varied))
    return 0


if __name__ == "__main__":
    sys.exit(main())
