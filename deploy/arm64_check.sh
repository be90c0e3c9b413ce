#!/bin/sh
# On a 64-bit ARM Debian (a Raspberry Pi, or an emulated one): does the wheel install without a compiler, run, and find what x86-64 found?
#   deploy/arm64_check.sh WHEEL            in the project's folder, after `python3 -m pip wheel --no-deps -w dist .` on any computer
# Prints a line per step with its seconds, ends with the first step that fails, and with the tests marked `portable`, folder by folder.
# It can be given again: what is installed stays, and tests that passed are not repeated.
#   PLACE     where it installs and writes              (/tmp/hfs-emg-arm64; another wheel begins there anew)
#   TESTS     which files and folders of tests are run  (all)
#   LIMIT     seconds after which a folder's tests end  (7200)
#   SESSIONS  further archives of sessions that x86-64 recorded: hfs-emg export … --to archive
set -eu
wheel=$1
place=${PLACE:-/tmp/hfs-emg-arm64}
python=$place/venv/bin/python
passed=$place/passed

[ "$(uname -m)" = aarch64 ] || { echo "this is $(uname -m), not aarch64" >&2; exit 2; }
[ -f "$wheel" ] || { echo "$wheel is not there: python3 -m pip wheel --no-deps -w dist ." >&2; exit 2; }
[ -f tests/conftest.py ] || { echo "$(pwd) is not the project's folder: cd there" >&2; exit 2; }
sum=$(cksum <"$wheel")
[ "$(cat "$place/wheel" 2>/dev/null)" = "$sum" ] || rm -rf "$place/store" "$place/x86-64" "$passed" "$place/wheel"
mkdir -p "$place"

step() { # NAME COMMAND...: its last line is what it has to tell
    name=$1 began=$(date +%s)
    shift
    "$@" >"$place/log" 2>&1 || { echo "FAILED  $name ($(($(date +%s) - began)) s)"; tail -30 "$place/log"; exit 1; }
    echo "ok      $name ($(($(date +%s) - began)) s): $(tail -1 "$place/log")"
}

install() { # Debian's own copy of pip runs as it is, so that the environment need not be given one
    [ -x "$python" ] || "${PYTHON:-python3}" -m venv --without-pip "$place/venv"
    own=$(ls /usr/share/python-wheels/pip-*.whl 2>/dev/null | head -1)
    [ -n "$own" ] || { echo "sudo apt install python3-venv"; return 1; }
    "$python" "$own/pip" install --disable-pip-version-check --no-compile --only-binary=:all: "$@"
}

install_program() { # what was there of another wheel goes
    [ -f "$place/wheel" ] || install --force-reinstall --no-deps "$wheel"
    install "$wheel"
    echo "$sum" >"$place/wheel"
    "$python" -c 'from importlib.metadata import distributions
print(", ".join(sorted(f"{d.name} {d.version}" for d in distributions())))'
}

same_files() { # the tests of this folder are then tests of the wheel
    "$python" - <<'END'
import pathlib, sysconfig
there = pathlib.Path(sysconfig.get_path("purelib"))
files = [p for name in ("hfs_emg", "firmware_bridge", "calibration") for p in pathlib.Path(name).rglob("*.py")]
others = [str(p) for p in files if not (there / p).is_file() or (there / p).read_bytes() != p.read_bytes()]
assert not others, f"the wheel is not of this folder: {', '.join(others)}"
print(f"{len(files)} modules as in this folder")
END
}

verify() { # the session that each release left, and further ones
    for archive in tests/data/golden/*.tar.xz ${SESSIONS:-}; do
        "$python" -c 'import lzma, pathlib, sys
content = pathlib.Path(sys.argv[1]).read_bytes()
pathlib.Path(sys.argv[2]).write_bytes(lzma.decompress(content) if sys.argv[1].endswith(".xz") else content)' "$archive" "$place/one.tar"
        "$python" -m hfs_emg import "$place/one.tar" --store "$place/x86-64" || [ -d "$place/x86-64" ]
    done
    for session in "$place"/x86-64/*/2*; do "$python" -m hfs_emg verify "$session" --store "$place/x86-64" || return 1; done |
        tee "$place/verdicts"
    echo "$(grep -c ': identical' "$place/verdicts" || true) identical, $(grep -c ': equivalent' "$place/verdicts" || true) equivalent," \
        "$(sed -n 's/.* and \([0-9]*\) episodes.*/\1/p' "$place/verdicts" | paste -sd+ | sed 's/^/echo $((/; s/$/))/' | sh) episodes"
}

one_folder() { # PATH: its line, and whether all went well
    began=$(date +%s) word=ok status=0
    timeout -s INT -k 60 "${LIMIT:-7200}" "$python" -m pytest -q -m portable -p no:cacheprovider "$1" >"$place/log" 2>&1 || status=$?
    [ $status = 5 ] || [ $status = 0 ] || word=FAILED
    [ $status != 124 ] || word="STOPPED"
    line="$word      $1 ($(($(date +%s) - began)) s): $(tail -1 "$place/log")"
    echo "$line"
    [ $word = ok ] && { echo "$line" >>"$passed"; return 0; }
    grep -E '^(FAILED|ERROR|E  )' "$place/log" | head -40
    cp "$place/log" "$place/log-$(echo "$1" | tr / -)"
    return 1
}

echo "$("${PYTHON:-python3}" --version) on $(uname -m), $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
step "install, wheels only" install_program
# No folder is looked into before what is installed: what runs is the wheel.
export PYTHONSAFEPATH=1
step "the program starts" "$python" -m hfs_emg --version
step "no BrainFlow on ARM" sh -c "! ls $place/venv/lib/python3*/site-packages | grep -q brainflow"
step "the wheel is of this folder" same_files
step "the demo" "$python" -m hfs_emg demo --speed virtual --store "$place/store"
step "recorded" "$python" -m hfs_emg record --board "sim:blepharospasm?seed=7&speed=virtual" --subject S01 --duration 60 --store "$place/store"
step "sessions of x86-64 found alike" verify
step "doctor" "$python" -m hfs_emg doctor --store "$place/store"
step "what tests want" install "$wheel[web,report,pdf,archive,interop,lsl,cluster,dev]"
all=ok
touch "$passed"
for folder in ${TESTS:-tests/*/ tests/test_*.py}; do
    grep -F " $folder (" "$passed" && continue
    ls "$folder"/test_*.py "$folder" 2>/dev/null | grep -q 'test_.*\.py' || continue
    one_folder "$folder" || all=failed
done
[ $all = ok ]
