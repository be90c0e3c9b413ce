"""verify and recover, as a user gives them, and recovery at the next recording."""

import json
import signal

import msgspec
import pytest
from command_line import holds_what_came, process, refused, session_in, sessions_in
from waiting import LIMIT_S, until

from hfs_emg.events import Burst, Episode, Kind
from hfs_emg.session.lines import sealed
from hfs_emg.session.reader import open_session
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.verification import compare

BOARD = "sim:moderate-right?speed=virtual&seed=2"


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def finished(hfs, store):
    """A session of 30 s with episodes."""
    assert hfs("record", "--board", BOARD, "--subject", "S1", "--duration", 30, "--store", store).status == 0
    session = session_in(store)
    assert len(session.episodes()) > 3
    return session


@pytest.fixture
def killed(store):
    """A recording that was killed after two seconds."""
    with process("record", "--board", "sim:moderate-right", "--subject", "S1", "--store", store) as child:
        until(lambda: sessions_in(store) and open_session(sessions_in(store)[0]).samples >= 500)
        child.send_signal(signal.SIGKILL)
        child.wait(LIMIT_S)
    return session_in(store)


def rewritten(path, change):
    """The lines of a journal, changed, with sums that fit."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        del line["sum"]
    path.write_bytes(b"".join(sealed(msgspec.json.encode(line)) + b"\n" for line in change(lines)))


def test_a_sound_session_is_identical(hfs, store, finished, tmp_path):
    result = hfs("verify", finished.name, "--store", store, "--json", tmp_path / "verdict.json")
    assert result.status == 0
    assert result.out == f"{finished.name}: identical, 7500 samples and {len(finished.episodes())} episodes\n"
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["damage"], verdict["difference"]) == ("identical", [], None)


def test_a_session_recorded_in_real_time_over_a_port_is_identical(hfs, store):
    with process("emulate", "--scenario", "moderate-right", "--link", store.with_name("cyton")) as emulator:
        emulator.stdout.readline()
        board = f"serial://{store.with_name('cyton')}"
        assert hfs("record", "--board", board, "--subject", "S1", "--duration", 4, "--store", store).status == 0
    assert ": identical, 1000 samples" in hfs("verify", session_in(store).folder).out


def test_a_damaged_record_is_named_with_its_time_and_the_status_is_4(hfs, finished):
    path = finished.folder / "signal.bdf"
    content = bytearray(path.read_bytes())
    content[len(content) - 8 * (len(content) - 256 * 11) // 30] ^= 1
    path.write_bytes(content)
    result = hfs("verify", finished.folder)
    assert result.status == 4
    assert result.out.splitlines()[0] == f"{finished.name}: damaged"
    assert "Record 22 of signal.bdf (22.0 s to 23.0 s) damaged, counted as lost." in result.out


@pytest.mark.parametrize(
    "name", ["start.json", "stop.json", "timeline.jsonl", "episodes.jsonl", "settings.json", "model.json"]
)
def test_damage_of_any_file_is_named(hfs, finished, name):
    path = finished.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    result = hfs("verify", finished.folder)
    assert result.status == 4
    assert f"{finished.name}: damaged" in result.out
    assert name in result.out


def without_the_second(lines):
    """It is put where nothing is looked for, because a journal that is too short is damaged."""
    second = sorted(line["start_s"] for line in lines)[1]
    for line in lines:
        if line["start_s"] == second:
            line["start_s"], line["end_s"] = second + 1000.0, line["end_s"] + 1000.0
    return lines


def with_another(lines):
    first = min(lines, key=lambda e: e["start_s"])
    return [first | {"id": 999, "start_s": first["start_s"] - 1.0, "end_s": first["start_s"] - 0.5}, *lines]


def of_another_kind(lines):
    lines[0]["kind"] = "artefact"
    return lines


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_the_second, "is found and was not recorded."),
        (with_another, "was recorded and is not found again."),
        (of_another_kind, "kind was artefact and is now "),
    ],
)
def test_the_first_difference_is_told(hfs, finished, change, words):
    rewritten(finished.folder / "episodes.jsonl", change)
    result = hfs("verify", finished.folder)
    assert result.status == 4
    first, second = result.out.splitlines()
    assert first == f"{finished.name}: different"
    assert second.startswith("First difference: The episode at ")
    assert words in second


def nudged(lines):
    for line in lines:
        for burst in line["bursts"]:
            burst["peak_uv"] *= 1 + 1e-12
            burst["end_s"] += 0.004
    return lines


def test_other_arithmetic_is_equivalent(hfs, finished):
    rewritten(finished.folder / "episodes.jsonl", nudged)
    result = hfs("verify", finished.folder)
    assert result.status == 0
    assert result.out.startswith(f"{finished.name}: equivalent, 7500 samples")


def test_a_killed_recording_is_verified_before_and_after_its_recovery(hfs, store, killed):
    for _ in range(2):
        result = hfs("verify", killed.name, "--store", store)
        assert result.status == 0, result
        assert ": identical, " in result.out
        assert hfs("recover", killed.name, "--store", store).status == 0


def test_a_session_under_way_is_not_verified(hfs, store):
    with process("record", "--board", "sim:moderate-right", "--subject", "S1", "--store", store) as child:
        until(lambda: sessions_in(store) and open_session(sessions_in(store)[0]).samples >= 250)
        (folder,) = sessions_in(store)
        assert refused(hfs("verify", folder), 4, "is being recorded: verify it once it has ended")
        assert refused(hfs("recover", folder), 2, "is being recorded")
        assert hfs("recover", "--store", store).out.startswith("No interrupted session")
        child.send_signal(signal.SIGINT)
        assert child.wait(LIMIT_S) == 0


def test_an_interrupted_session_is_recovered_by_hand(hfs, store, killed, tmp_path):
    out = tmp_path / "recovered.json"
    result = hfs("recover", "--store", store, "--json", out)
    assert result.status == 0
    assert result.out.splitlines()[0].startswith(f"{killed.name}: 0:0")
    assert "stop.json was written: the recording ended interrupted." in result.out
    session = session_in(store)
    assert session.stop.reason == "interrupted"
    assert session.samples >= killed.samples
    assert holds_what_came(SimulatedFace(load_scenario("moderate-right"), seed=0).read, session)
    assert json.loads(out.read_text())[0]["samples"] == session.samples
    assert hfs("recover", killed.name, "--store", store).out.endswith("; it is whole\n")
    assert hfs("recover", "--store", store).out == f"No interrupted session in {store}.\n"


def test_one_that_cannot_be_recovered_does_not_keep_the_others_from_it(hfs, store, finished):
    hfs("record", "--board", BOARD, "--subject", "S2", "--duration", 3, "--store", store)
    first, second = sessions_in(store)
    for folder in (first, second):
        (folder / "stop.json").unlink()
    (first / "signal.bdf").write_bytes(b"")
    assert refused(hfs("recover", "--store", store), 4, "signal.bdf")
    assert open_session(second).stop.reason == "interrupted"


def test_the_next_recording_recovers_what_was_interrupted(hfs, store, finished):
    (finished.folder / "stop.json").unlink()
    with (finished.folder / "signal.bdf").open("ab") as file:
        file.write(b"half a record")
    result = hfs("record", "--board", BOARD, "--subject", "S1", "--duration", 2, "--store", store)
    assert result.status == 0
    assert f"Previous recording recovered: 0:30 in {finished.folder}\n" in result.err
    again = open_session(finished.folder)
    assert (again.stop.reason, again.samples, again.notes) == ("interrupted", 7500, ())
    result = hfs("record", "--board", BOARD, "--subject", "S1", "--duration", 2, "--store", store)
    assert "recovered" not in result.err


def test_what_cannot_be_recovered_does_not_keep_a_recording_from_beginning(hfs, store, finished):
    (finished.folder / "stop.json").unlink()
    (finished.folder / "signal.bdf").write_bytes(b"")
    result = hfs("record", "--board", BOARD, "--subject", "S1", "--duration", 2, "--store", store)
    assert result.status == 0
    assert "An interrupted session could not be recovered: " in result.err


# What counts as the same

BURSTS = (Burst("EMG L OOC", 1.0, 1.4, 50.0), Burst("EMG L ZYG", 1.004, 1.5, 20.0))
EPISODE = Episode(
    1, 1.0, 1.5, Kind.SPASM, "left", ("orbicularis_oculi", "zygomaticus"), "clonic", 0.9, "why", BURSTS, None, 2.0
)
SAMPLE_S = 0.004


def other(**fields):
    return msgspec.structs.replace(EPISODE, **fields)


def other_burst(**fields):
    return other(bursts=(msgspec.structs.replace(BURSTS[0], **fields), BURSTS[1]))


@pytest.mark.parametrize(
    ("now", "verdict", "words"),
    [
        (EPISODE, "identical", None),
        (other(first_provisional_s=1.2, settled_s=1.9), "identical", None),
        (other(reason="because"), "equivalent", None),
        (other(start_s=1.0 + SAMPLE_S, end_s=1.5 - SAMPLE_S), "equivalent", None),
        (other(start_s=1.0 + 2 * SAMPLE_S), "different", "was recorded and is not found again"),
        (other(start_s=1.0 - 2 * SAMPLE_S), "different", "is found and was not recorded"),
        (other(end_s=1.5 + 2 * SAMPLE_S), "different", "now ends at 1.508 s"),
        (other(kind=Kind.TWITCH), "different", "kind was spasm and is now twitch"),
        (other(side="right"), "different", "side was left and is now right"),
        (other(form="tonic"), "different", "form was clonic and is now tonic"),
        (other(sites=("zygomaticus",)), "different", "sites was orbicularis_oculi, zygomaticus and is now zygomaticus"),
        (other(confidence=0.9 + 1e-7), "equivalent", None),
        (other(confidence=0.8), "different", "its confidence was 0.9 and is now 0.8"),
        (other(bursts=BURSTS[:1]), "different", "it had 2 bursts and now has 1"),
        (other_burst(peak_uv=50.0 * (1 + 9e-10)), "equivalent", None),
        (other_burst(peak_uv=50.0 * (1 + 2e-9)), "different", "its burst on EMG L OOC at 1.000 s is now another"),
        (other_burst(channel="EMG R OOC"), "different", "is now another"),
        (other_burst(end_s=1.4 + SAMPLE_S), "equivalent", None),
        (other_burst(end_s=1.4 + 2 * SAMPLE_S), "different", "is now another"),
    ],
)
def test_what_is_identical_equivalent_or_different(now, verdict, words):
    found, difference = compare([EPISODE], [now], 250.0)
    assert found == verdict
    assert (difference is None) == (words is None)
    assert words is None or words in difference


def test_episodes_that_are_missing_or_too_many_at_the_end_are_a_difference():
    assert compare([EPISODE], [], 250.0)[0] == "different"
    assert compare([], [EPISODE], 250.0)[0] == "different"
    assert compare([], [], 250.0) == ("identical", None)
