"""What the program says of itself."""

import argparse
import re
import shlex
import subprocess
import sys

import pytest
from command_line import refused

from hfs_emg.cli import parser

COMMANDS = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_shows_an_example_that_is_understood(hfs, command):
    result = hfs(command, "--help")
    assert result.status == 0
    example = re.search(r"example: hfs-emg (.*)", " ".join(result.out.split()))[1]
    assert parser().parse_args(shlex.split(example)).command == command


def test_help_and_version_load_nothing_heavy():
    code = (
        "import sys; from hfs_emg.cli import main\n"
        "try: main([sys.argv[1]])\n"
        "except SystemExit: pass\n"
        "print('loaded:', [m for m in ('numpy', 'scipy', 'brainflow', 'serial', 'matplotlib', 'msgspec') if m in sys.modules])"
    )
    for option in ("--help", "--version"):
        done = subprocess.run([sys.executable, "-c", code, option], capture_output=True, text=True, check=True)
        assert done.stdout.endswith("loaded: []\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "COMMAND"),
        (("measure",), "measure"),
        (("record",), "--board"),
        (("record", "--board", "sim:tic", "--subject", "S1", "--duration", "soon"), "not a positive number of seconds"),
        (("record", "--board", "sim:tic", "--subject", "S1", "--duration", "nan"), "not a positive number of seconds"),
        (("record", "--board", "sim:tic", "--subject", "S1", "--duration", "inf"), "not a positive number of seconds"),
        (("record", "--board", "sim:tic", "--subject", "S1", "--duration", "0"), "not a positive number of seconds"),
        (("simulate", "tic", "x.bdf", "--seed", "-1"), "not a whole number"),
    ],
)
def test_a_command_line_that_is_not_understood_is_told_in_a_sentence_with_where_to_look(hfs, arguments, words):
    result = hfs(*arguments)
    assert refused(result, 2, words, "--help")
    assert result.err.count("\n") == 1


def test_a_reader_that_has_gone_ends_a_list_quietly():
    listing = f"{sys.executable} -m hfs_emg simulate --list"
    done = subprocess.run(
        ["bash", "-c", f"{listing} | true; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_output_to_a_full_disk_is_told():
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "hfs_emg", "simulate", "--list"],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 5
    assert done.stderr == "hfs-emg: The output could not be written because the disk is full: free some space.\n"
