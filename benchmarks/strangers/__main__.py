"""`python -m benchmarks.strangers`: write the faces as BDF+ with their truth, or print what the plain detector makes of them."""

import sys

from benchmarks.generator_command import run
from benchmarks.strangers.faces import faces

if __name__ == "__main__":
    sys.exit(run("strangers", faces))
