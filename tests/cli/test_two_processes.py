"""`analyze` with two processes, and what becomes of them: killed, interrupted, left alone."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest
from command_line import process
from waiting import until

from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.recording import write_recording
from hfs_emg.simulation.scenarios import load_scenario

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two processors"
)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough that a signal comes in the midst of it."""
    path = tmp_path_factory.mktemp("two") / "patient.bdf"
    write_recording(SimulatedFace(load_scenario("moderate-right"), seed=1), 2400.0, path)
    return path


def second_of(pid: int) -> int:
    """The process that decides, once there is one."""
    found: list[str] = []

    def there() -> bool:
        found[:] = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return bool(found)

    until(there, nap_s=0.002)
    return int(found[0])


def is_gone(pid: int) -> bool:
    """Not there, or only its number is, which is for its parent to take."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_one_process_and_two_write_the_same(recording: Path) -> None:
    with process("analyze", recording, "--json", "-") as two:
        second = second_of(two.pid)
        found, said = two.communicate()
    assert (two.returncode, said) == (0, "")
    assert is_gone(second)
    alone = "import os, sys; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); from hfs_emg.cli import main; sys.exit(main())"
    with process("analyze", recording, "--json", "-", code=alone) as one:
        assert one.communicate() == (found, "")
    assert one.returncode == 0


def test_a_second_process_that_is_killed_ends_the_command_in_a_sentence(recording: Path) -> None:
    with process("analyze", recording) as child:
        os.kill(second_of(child.pid), signal.SIGKILL)
        out, said = child.communicate()
    assert child.returncode == 1
    assert out == ""
    assert said.startswith("hfs-emg: The second process of the analysis was ended from outside")
    assert said.count("\n") == 1


def test_ctrl_c_ends_both(recording: Path) -> None:
    with process("analyze", recording, start_new_session=True) as child:
        second = second_of(child.pid)
        os.killpg(child.pid, signal.SIGINT)
        out, said = child.communicate()
    assert child.returncode == 130
    assert (out, said.strip()) == ("", "")
    assert is_gone(second)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_ended_leaves_no_process(recording: Path, number: signal.Signals) -> None:
    with process("analyze", recording) as child:
        second = second_of(child.pid)
        os.kill(child.pid, number)
        child.wait()
        assert child.returncode == -number
        until(lambda: is_gone(second), limit_s=60.0)


def test_a_second_process_that_is_asked_to_end_is_no_riddle_either(recording: Path) -> None:
    with process("analyze", recording) as child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(second_of(child.pid), signal.SIGTERM)
        _, said = child.communicate()
    assert child.returncode == 1
    assert "ended from outside" in said
