"""`python -m benchmarks.tripoles`: write the faces as BDF+ with their truth, or print what the plain detector makes of them."""

import sys

from benchmarks.generator_command import run
from benchmarks.tripoles.faces import faces

if __name__ == "__main__":
    sys.exit(run("tripoles", faces))
