# Two commands for a stranger: `make demo` and `make test`. Each sets up what it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STORE ?= demo-store

.PHONY: demo test check lint types system bench clean

# The first reason why a virtual environment cannot be made is told with its remedy, not with a traceback.
$(VENV)/.demo: pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing: sudo apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed, this is `$(PYTHON) --version`: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "python3-venv is missing: sudo apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[report]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[report,dev]'
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/hfs-emg demo --store $(STORE)

test: $(VENV)/.test
	$(BIN)/python -m pytest

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

# The tests come last: what a reader of the log sees at the end is pytest's summary.
check: lint types
	@$(MAKE) --no-print-directory test

# What comes from Debian. Nothing yet beyond a compiler-free Python.
system:
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends git make python3 python3-venv

bench: $(VENV)/.test
	$(BIN)/python benchmarks/bench.py

clean:
	rm -rf $(VENV) demo-store build dist
