"""The same calibration over a port: every byte through a pseudo-terminal, in virtual time, and a patient who sits in another process."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest
from faces import told_of

from benchmarks.calibration_wire import PROCESS, THROUGH_PTY, calibrated_over, opened
from calibration.crosstalk import POINTS, RELIABLE_SD
from calibration.montage import default_montage
from calibration.tasks import TASKS
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.calibrating import Calibration
from hfs_emg.patient_socket import PatientEar, patient_behind
from hfs_emg.simulation.wish import Wish


@pytest.mark.parametrize(("length", "contractions"), [("quick", 4), ("full", 8)])
def test_a_sequence_over_a_pseudo_terminal_finds_what_the_simulation_put_in(length: str, contractions: int) -> None:
    found = calibrated_over(THROUGH_PTY, length)
    assert len(found.contraction) == contractions
    for measured in (found.rest, found.contraction, found.symmetry, found.blinks):
        assert measured == pytest.approx([1.0] * len(measured), abs=0.1)
    reliable = [abs(error) for _, error, told in found.crosstalk if told <= RELIABLE_SD]
    assert len(reliable) > 10
    assert max(reliable) <= POINTS


def test_in_real_time_a_patient_in_another_process_hears_the_prompts() -> None:
    tasks = (
        replace(TASKS["rest"], hold_s=3.0),
        replace(TASKS["tight_closure"], hold_s=2.0, repetitions=1, relax_s=0.5),
    )
    with opened(PROCESS) as (board, patient):
        calibration = Calibration(board, default_montage(8), tasks, AnalysisSettings(), patient=patient)
        began = time.monotonic()
        found = calibration.run(told_of(calibration))
    assert found is not None
    assert time.monotonic() - began > 8
    assert [t.ending for t in found.profile.tasks] == ["done", "done"]
    assert (found.profile.reference_contraction(1) or 0) > 20


def test_a_patient_hears_what_is_said_and_nothing_else_and_only_behind_an_emulated_port() -> None:
    heard: list[Wish] = []
    ear = PatientEar("/dev/pts/none", heard.append)
    speaking = patient_behind("/dev/pts/none")
    assert speaking is not None
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stranger:
        for said in (b"", b"smile!", b'{"task": "dance", "hold_s": 3}', b'{"task": "smile", "hold_s": 1e9}'):
            stranger.sendto(said, "\0hfs-emg patient /dev/pts/none")
    speaking.follow(Wish("smile", 3.0))
    for _ in range(200):
        if heard:
            break
        time.sleep(0.01)
    ear.close()
    ear.close()
    assert heard == [Wish("smile", 3.0)]
    speaking.follow(Wish("smile", 3.0))  # nobody there any more, and no matter
    assert patient_behind("/dev/pts/none") is None
    assert patient_behind("/dev/ttyUSB0") is None
    assert patient_behind("auto") is None
