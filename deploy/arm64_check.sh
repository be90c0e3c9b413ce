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
# Of another wheel nothing is kept.
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
    [ -x "$python" ] || "${PYTHON:-python3}" -m venv --without-pip "$place/venv" || return 1
    for own in /usr/share/python-wheels/pip-*.whl; do :; done
    [ -f "$own" ] || { echo "sudo apt install python3-venv"; return 1; }
    "$python" "$own/pip" install --disable-pip-version-check --no-compile --only-binary=:all: "$@"
}

install_program() { # another wheel takes the place of the one that was there
    [ -f "$place/wheel" ] || install --force-reinstall --no-deps "$wheel" || return 1
    install "$wheel" || return 1
    echo "$sum" >"$place/wheel"
    "$python" -c 'import re
from importlib.metadata import distributions, requires
names = {re.match(r"[\w.-]+", r)[0] for r in requires("hfs-emg") if "extra ==" not in r} | {"hfs-emg"}
print(", ".join(sorted(f"{d.name} {d.version}" for d in distributions() if d.name in names)))'
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

demo() { # what it found, against what there was
    "$python" -m hfs_emg demo --speed virtual --store "$place/store" >"$place/demo" 2>&1 || { cat "$place/demo"; return 1; }
    grep "the simulation's truth" "$place/demo"
}

verify() { # the session that this release keeps, and further ones
    rm -rf "$place/x86-64"
    version=$("$python" -m hfs_emg --version) || return 1
    for archive in "tests/data/golden/${version#* }.tar.xz" ${SESSIONS:-}; do
        "$python" -c 'import lzma, pathlib, sys
content = pathlib.Path(sys.argv[1]).read_bytes()
pathlib.Path(sys.argv[2]).write_bytes(lzma.decompress(content) if sys.argv[1].endswith(".xz") else content)' "$archive" "$place/one.tar" || return 1
        "$python" -m hfs_emg import "$place/one.tar" --store "$place/x86-64" || return 1
    done
    alike=yes
    for session in "$place"/x86-64/*/2*; do
        "$python" -m hfs_emg verify "$session" || alike=no
    done >"$place/verdicts"
    cat "$place/verdicts"
    [ $alike = yes ] || return 1
    awk '/: identical/ {i++} /: equivalent/ {e++} {n += $(NF - 1)} END {print i + 0 " identical, " e + 0 " equivalent, " n " episodes"}' "$place/verdicts"
}

one_folder() { # PATH: its line, and whether all went well
    began=$(date +%s) word="ok    " status=0
    timeout -s INT -k 60 "${LIMIT:-7200}" "$python" -m pytest -q -m portable -p no:cacheprovider "$1" >"$place/log" 2>&1 || status=$?
    case $status in
    0 | 5) ;; # 5: none of them is portable
    124 | 137) word=STOPPED ;;
    *) word="FAILED" ;;
    esac
    line="$word  $1 ($(($(date +%s) - began)) s): $(tail -1 "$place/log")"
    echo "$line"
    [ "$word" != "ok    " ] || { echo "$line" >>"$passed"; return 0; }
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
step "the demo" demo
step "recorded" "$python" -m hfs_emg record --board "sim:blepharospasm?seed=7&speed=virtual" --subject S01 --duration 60 --store "$place/store"
step "sessions of x86-64 found alike" verify
step "doctor" "$python" -m hfs_emg doctor --store "$place/store"
step "what tests want" install "${wheel}[web,report,pdf,archive,interop,lsl,cluster,dev]"
all=ok
touch "$passed"
for folder in ${TESTS:-tests/*/ tests/test_*.py}; do
    [ -f "$folder" ] || ls "$folder"/test_*.py >/dev/null 2>&1 || continue
    grep -F " $folder (" "$passed" && continue
    one_folder "$folder" || all=failed
done
grep -oE '[0-9]+ (passed|skipped)' "$passed" | awk '{n[$2] += $1} END {print n["passed"] + 0 " tests passed, " n["skipped"] + 0 " skipped"}'
[ $all = ok ]
