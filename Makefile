# Two commands for a stranger: `make demo` and `make test`. Each sets up what it needs in .venv.
PYTHON ?= python3
STORE ?= demo-store
# Modules, not the scripts beside them: those name the folder they were made in.
RUN := .venv/bin/python -m

.PHONY: demo test check lint types bench bench-web bench-peers accuracy calibration reliability pictures system clean to-run to-develop to-compare

demo: to-run
	@$(RUN) hfs_emg demo --store "$(STORE)"

test: to-develop
	$(RUN) pytest

# The tests come last: what a reader of the log sees at the end is pytest's summary.
check: lint types
	@$(MAKE) --no-print-directory test

lint: to-develop
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: to-develop
	$(RUN) mypy

# What it costs, docs/cost.md anew: a quarter of an hour. It counts instructions where valgrind is (apt install valgrind) and compares
# with NeuroKit2 and BioSPPy where `make bench-peers` has installed them.
bench: to-develop
	@$(RUN) benchmarks.bench

# The live page's cost and its frames on a slow browser: a minute and a half, with Chromium.
bench-web: to-develop
	@$(RUN) benchmarks.web

# What people use today on the same simulated faces, docs/peers.md anew: some minutes, and some 400 MB of libraries are installed first.
bench-peers: to-compare
	@$(RUN) benchmarks.peers

# Every figure of docs/accuracy.md, anew: a few minutes on two cores.
accuracy: to-run
	@$(RUN) benchmarks.accuracy

# Recorders killed, folders damaged, links torn, a day with faults: docs/reliability.md anew. Resumable; one part: make reliability PART=kills
reliability: to-develop
	@$(RUN) benchmarks.reliability $(PART)

# Every figure of docs/calibration.md and docs/calibration-gain.md, anew: half an hour on two cores, some of it in real time. Resumable.
calibration: to-run
	@$(RUN) benchmarks.calibration
	@$(RUN) benchmarks.profile_gain

# The pictures of README.md and docs/, drawn by the program itself.
pictures: to-develop
	$(RUN) docs.draw
	$(RUN) docs.pages
	$(RUN) docs.clinic

to-run:
	@.ci/environment "$(PYTHON)" report web

to-develop:
	@.ci/environment "$(PYTHON)" report web dev

# With dev, so that the next `make test` finds everything there.
to-compare:
	@.ci/environment "$(PYTHON)" report web dev peers

# What comes from Debian: a Python that can make environments, and the browser that the tests of the pages drive.
system:
	@test "$$(id -u)" = 0 || { echo "make system installs Debian packages and needs root: sudo make system" >&2; exit 1; }
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends git make python3 python3-venv chromium fonts-dejavu-core libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0

clean:
	rm -rf .venv demo-store build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
