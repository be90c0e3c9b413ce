"""The command line: one program, one file per group of commands. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from hfs_emg import __version__

GROUPS = (
    "demo",
    "calibration",
    "live",
    "streaming",
    "web",
    "service",
    "simulation",
    "analysis",
    "store",
    "upkeep",
    "care",
    "review",
    "report",
    "doctor",
    "cohort",
)
"""Modules of this package; each has `add(subparsers)`."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, with where to look."""

    def error(self, message: str) -> None:  # type: ignore[override]
        sys.stderr.write(f"hfs-emg: {message} (see: {self.prog} --help)\n")
        raise SystemExit(2)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = _Parser(
        prog="hfs-emg",
        description="Records bilateral facial surface EMG and finds one-sided synkinetic spasms. "
        "It supports a clinician's judgement; it makes no diagnosis.",
        epilog="example: hfs-emg record --board sim:moderate-right --subject S01 --duration 60",
    )
    top.add_argument("--version", action="version", version=f"hfs-emg {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for group in GROUPS:
        importlib.import_module(f"hfs_emg.cli.{group}").add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 2 request, 3 board or link, 4 recording, 5 disk, 130 ended by Ctrl-C."""
    options = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        status = run(options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing more to say, and nothing to say it to.
        _silence_stdout()
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _silence_stdout()
        sys.stderr.write("hfs-emg: The output could not be written because the disk is full: free some space.\n")
        return 5
    except Exception as error:
        found = status_of(error)
        if found is None:
            raise
        sys.stderr.write(f"hfs-emg: {error}\n")
        return found


def _silence_stdout() -> None:
    """What is still buffered must not fail again when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def status_of(error: Exception) -> int | None:
    """The exit status of an error that is ours; None for a fault of the program."""
    from calibration.errors import CalibrationError
    from firmware_bridge.errors import BoardAddressError, BridgeError
    from hfs_emg.errors import HfsError

    if isinstance(error, HfsError):
        return error.status
    if isinstance(error, (BoardAddressError, CalibrationError)):
        return 2
    if isinstance(error, BridgeError):
        return 3
    return None
