#!/bin/sh
# On a 64-bit ARM Debian (a Raspberry Pi, or an emulated one): does the wheel install without a compiler, run, and find what x86-64 found?
#   deploy/arm64_check.sh WHEEL            in the project's folder, after `python3 -m pip wheel --no-deps -w dist .` on any computer
# Prints a line per step with its seconds; ends with the first that fails. PLACE says where it may write, TESTS which tests are run.
set -eu
wheel=$1
place=${PLACE:-/tmp/hfs-emg-arm64}
site=$place/site
python=${PYTHON:-python3}

[ "$(uname -m)" = aarch64 ] || { echo "this is $(uname -m), not aarch64" >&2; exit 2; }
[ -f "$wheel" ] || { echo "$wheel is not there: python3 -m pip wheel --no-deps -w dist ." >&2; exit 2; }
if $python -m pip --version >/dev/null 2>&1; then pip="$python -m pip"; else
    # Debian keeps pip's own wheel for venv; it runs as it is.
    pip="$python $(ls /usr/share/python-wheels/pip-*.whl | head -1)/pip"
fi
mkdir -p "$place"

step() {
    name=$1 began=$(date +%s)
    shift
    "$@" >"$place/log" 2>&1 || { echo "FAILED  $name"; tail -30 "$place/log"; exit 1; }
    echo "ok      $name ($(($(date +%s) - began)) s): $(tail -1 "$place/log")"
}

verify() { # the session that each release left, recorded and analysed on x86-64
    for golden in tests/data/golden/*.tar.xz; do
        "$python" -c 'import lzma, sys; sys.stdout.buffer.write(lzma.open(sys.argv[1]).read())' "$golden" >"$place/golden.tar"
        "$python" -m hfs_emg import "$place/golden.tar" --store "$place/golden"
    done
    for session in "$place"/golden/*/2*; do "$python" -m hfs_emg verify "$session"; done
}

echo "$($python --version) on $(uname -m), $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
step "install, wheels only" $pip install --no-compile --only-binary=:all: --target "$site" "$wheel" pytest hypothesis
export PYTHONPATH="$site"
step "the program starts" "$python" -m hfs_emg --version
step "no BrainFlow on ARM" sh -c "! ls $site | grep -q brainflow"
step "a session recorded" "$python" -m hfs_emg record --board "sim:moderate-right?seed=7&speed=virtual" --subject S01 \
    --duration 60 --store "$place/store"
step "sessions of x86-64 found alike" verify
step "doctor" "$python" -m hfs_emg doctor --store "$place/store"
step "portable tests" "$python" -m pytest -q -m portable -p no:cacheprovider ${TESTS:-tests}
