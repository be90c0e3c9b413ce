"""Whatever lies in a file that a person hands over, it is read, or refused with a sentence that names the file; nothing crashes.

One row per parser that is not fuzzed beside its own tests: packets and replies in tests/bridge, BDF in tests/session, other programs'
recordings in tests/formats, the journals of a session in tests/session/test_damage.py.
"""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calibration.errors import CalibrationError, MontageError
from calibration.montage import Side, default_montage
from calibration.profile import (
    BlinkProfile,
    CalibrationProfile,
    Caution,
    ChannelProfile,
    Level,
    Synkinesis,
    TaskRecord,
)
from calibration.profile_file import encode_profile
from calibration.tasks import REFERENCE_TASKS
from firmware_bridge.boards import CYTON
from firmware_bridge.connect import parse_board_url
from firmware_bridge.errors import BridgeError
from firmware_bridge.radio import channel_of
from hfs_emg.analysis.classify import ALL_NAMES, SCHEMA, Axis, Classifier, Look, ModelFile, ScoreTable
from hfs_emg.analysis.kinds import CLASSES
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.archive import INDEX_NAME, is_archive, read_archive
from hfs_emg.errors import HfsError
from hfs_emg.evaluate import read_found
from hfs_emg.model import Input, Signal
from hfs_emg.profiles import read_profile
from hfs_emg.service_settings import read_service
from hfs_emg.session.documents import StartDocument, StopDocument, read_document, start_document
from hfs_emg.session.signal_file import SignalFile, header_of
from hfs_emg.session.start_again import start_from_header
from hfs_emg.session.store import Store
from hfs_emg.sessions import kept_in
from hfs_emg.settings import montage_to_toml, read_montage, read_settings
from hfs_emg.simulation import scenarios
from hfs_emg.simulation.scenarios import load_scenario
from hfs_emg.simulation.truth import read_truth

OURS = (HfsError, BridgeError, CalibrationError, MontageError)


class Reader(NamedTuple):
    """A parser of files. good: one that it takes. json: values in it can be put in the place of others."""

    good: bytes
    read: Callable[[Path], object]
    json: bool = False


def tar(index: object, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for member, data in ((INDEX_NAME, json.dumps(index).encode()), (name, content)):
            one = tarfile.TarInfo(member)
            one.size = len(data)
            archive.addfile(one, io.BytesIO(data))
    return out.getvalue()


SESSION = "S1/20261120T185323Z-1a2b"
EPISODE = {
    "id": 0, "start_s": 1.0, "end_s": 2.0, "kind": "spasm", "side": "left", "sites": ["zygomaticus"], "form": "clonic",
    "confidence": 0.9, "reason": "why", "bursts": [{"channel": "EMG L ZYG", "start_s": 1.0, "end_s": 2.0, "peak_uv": 50.0}],
}  # fmt: skip
ANALYSIS = {
    "schema": "hfs-emg/analysis/1",
    "recording": {"sample_rate_hz": 250.0, "duration_s": 10.0, "valid_s": 9.0, "simulated": True, "montage": []},
    "invalid": [{"start_s": 3.0, "end_s": 4.0, "channels": None, "reason": "gap"}],
    "episodes": [EPISODE],
    "summary": {},
}
START = start_document(
    session="20261120T185323Z-1a2b", subject="S1", start_utc=None, board=CYTON, montage=default_montage(8), software="t"
)
START = msgspec.structs.replace(START, rate_hz=250.0)
STOP = StopDocument(reason="stopped", samples=1, lost_samples=0, gaps=0, restarts=0, valid_s=1.0, sample_rate_hz=250.0)
SIGNAL = Signal(250.0, tuple(Input(label, 0.0223) for label in default_montage(8).input_labels(8)), ("AUX 1",))
SERVICE = b'[service]\nboard = "serial:auto"\nsubject = "S01"\nsession_length_s = 86400\n\n[analysis]\nmains_hz = 50\n'
SCENARIO = (Path(scenarios.__file__).parent / "scenarios" / "moderate-right.toml").read_bytes()


def model() -> bytes:
    """The smallest one that is taken: one feature alone, and a pair of them in context."""
    none = [0.0] * len(CLASSES)
    one, two = Axis(ALL_NAMES[0], [0.5]), Axis(ALL_NAMES[1], [1.0, 2.0])
    looks = Look(none, [ScoreTable([one], [none] * 3)]), Look(none, [ScoreTable([one, two], [none] * 12)])
    return msgspec.json.encode(ModelFile(SCHEMA, "small", list(CLASSES), *looks))


def profile() -> bytes:
    """A calibration with everything in it once."""
    montage = default_montage(2 * len(Side))
    level = Level(100.0, 5.0, 3)
    rows = tuple(ChannelProfile(c, 2.0, 0.1, 8.0, 5.0, {REFERENCE_TASKS[c.site]: level}) for c in montage.channels)
    site = montage.channels[0].site
    return encode_profile(
        CalibrationProfile(
            subject="S1",
            made_utc=datetime(2026, 11, 20, 18, 53, 23, tzinfo=UTC),
            software="t",
            simulated=True,
            sequence="quick",
            rate_hz=250.0,
            band_hz=(20.0, 110.0),
            mains_hz=50.0,
            channels=rows,
            blinks=BlinkProfile(8, {site: 1.1}, {site: 0.1}, 0.002),
            crosstalk=np.eye(len(rows)),
            crosstalk_sd=np.zeros((len(rows), len(rows))),
            synkinesis=(Synkinesis(site, REFERENCE_TASKS[site], 3.0, 9.0, 3.0),),
            tasks=(TaskRecord(REFERENCE_TASKS[site], "done", 3, 1, Side.LEFT),),
            cautions=(Caution("noise", (montage.channels[0].label,), "noisier than before", 0.9, "clean the skin"),),
        )
    )


def kept_settings(path: Path) -> object:
    """The settings that a session keeps, their sum fitting: from a later version, or written by another hand."""
    content = path.read_bytes()
    start = START.with_copies({path.name: content})
    (path.parent / "start.json").write_bytes(msgspec.json.encode(start))
    return kept_in(path.parent)


def header() -> bytes:
    """A signal whose header has to tell what the session's start document said."""
    with tempfile.TemporaryDirectory() as room:
        file = SignalFile(Path(room) / "signal.bdf", header_of(START.with_signal(SIGNAL)))
        file.append(np.zeros((250, 9), np.int32))
        file.close()
        return (Path(room) / "signal.bdf").read_bytes()


def truth() -> bytes:
    from hfs_emg.simulation.face import SimulatedFace
    from hfs_emg.simulation.truth import write_truth

    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "x.truth.json"
        write_truth(path, SimulatedFace(load_scenario("moderate-right"), seed=1).truth(20.0))
        return path.read_bytes()


def archived(path: Path) -> object:
    with tempfile.TemporaryDirectory() as room:
        store = Store(Path(room) / "store")
        try:
            return is_archive(path) and read_archive(path, store)
        finally:
            left = [p for p in Path(room).rglob("*") if p.is_file() and SESSION not in str(p)]
            assert left == [], left


def resolved(path: Path) -> object:
    return read_montage(path).resolve([f"EXG {n + 1}" for n in range(8)])


class Settings(msgspec.Struct, frozen=True):
    analysis: AnalysisSettings = AnalysisSettings()


READERS = {
    "settings.toml": Reader(b"[analysis]\nmains_hz = 50\non_factor = 2.3\n", lambda p: read_settings(p, Settings)),
    "service.toml": Reader(SERVICE, read_service),
    "montage.toml": Reader(montage_to_toml(default_montage(8)).encode(), resolved),
    "scenario.toml": Reader(SCENARIO, load_scenario),
    "x.truth.json": Reader(truth(), read_truth, json=True),
    "analysis.json": Reader(json.dumps(ANALYSIS).encode(), read_found, json=True),
    "start.json": Reader(msgspec.json.encode(START), lambda p: read_document(p, StartDocument), json=True),
    "stop.json": Reader(msgspec.json.encode(STOP), lambda p: read_document(p, StopDocument), json=True),
    "model.json": Reader(model(), lambda p: Classifier(p.read_bytes(), p.name), json=True),
    "calibration.json": Reader(profile(), read_profile, json=True),
    "settings.json": Reader(msgspec.json.encode(AnalysisSettings()), kept_settings, json=True),
    "signal.bdf": Reader(header(), start_from_header),
    "archive.tar": Reader(
        tar({"schema": "hfs-emg/archive/1", "sessions": [SESSION]}, f"{SESSION}/start.json", b"{}"), archived
    ),
}

ODD = st.one_of(
    st.sampled_from([None, True, -1, 0, 2**63, -(2**70), 1e308, -0.0, "", "\x00", "é" * 50, [], {}, [[[[]]]], "nan", 10**400]),
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=10),
)  # fmt: skip


def places(value: object, way: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The way to every value of a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(place for key, one in inside for place in places(one, (*way, key)))]


def changed(document: Any, way: tuple[object, ...], to: object) -> object:
    if not way:
        return to
    at = document
    for key in way[:-1]:
        at = at[key]
    at[way[-1]] = to
    return document


@pytest.mark.parametrize("name", READERS)
def test_what_is_good_is_read(name: str, tmp_path: Path) -> None:
    """So that the tests below damage something that the parser gets to."""
    path = tmp_path / name
    path.write_bytes(READERS[name].good)
    if name == "archive.tar":
        with pytest.raises(HfsError, match="start"):
            READERS[name].read(path)
    else:
        assert READERS[name].read(path) is not None


def refusal_of(read: Callable[[], object]) -> Exception | None:
    """What of ours it was refused with; anything else comes through and is a fault."""
    try:
        read()
    except OURS as refusal:
        return refusal
    return None


def taken(name: str, content: bytes) -> None:
    """Read, or refused in a sentence that names the file; the session within an archive counts, and a place on the face."""
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / name
        path.write_bytes(content)
        refusal = refusal_of(lambda: READERS[name].read(path))
    if refusal is not None:
        sentence = str(refusal)
        assert 10 < len(sentence) < 6000, sentence
        assert name in sentence or SESSION in sentence or isinstance(refusal, MontageError), sentence


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damaged_bytes_are_survived(name: str, data: st.DataObject) -> None:
    content = bytearray(READERS[name].good)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        match data.draw(st.sampled_from(["flip", "cut", "insert", "remove"])):
            case "flip" if content:
                content[at] ^= data.draw(st.integers(1, 255))
            case "cut":
                del content[at:]
            case "insert":
                content[at:at] = data.draw(st.binary(min_size=1, max_size=30))
            case _:
                del content[at : at + data.draw(st.integers(1, 30))]
    taken(name, bytes(content))


@pytest.mark.parametrize("name", [n for n, reader in READERS.items() if reader.json])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_other_values_are_survived(name: str, data: st.DataObject) -> None:
    document = json.loads(READERS[name].good)
    way = data.draw(st.sampled_from(places(document)))
    taken(name, json.dumps(changed(document, way, data.draw(ODD))).encode())


@pytest.mark.parametrize("name", ["settings.toml", "service.toml", "montage.toml", "scenario.toml"])
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_other_values_of_a_line_are_survived(name: str, data: st.DataObject) -> None:
    lines = READERS[name].good.decode().splitlines()
    at = data.draw(st.sampled_from([n for n, line in enumerate(lines) if "=" in line]))
    words = [
        '"x"',
        "-1",
        "0",
        "1e308",
        "nan",
        "inf",
        "[]",
        "{}",
        "true",
        "[[1]]",
        "1979-05-27",
        "9" * 30,
        '"\\u0000"',
        "'" + "a" * 200 + "'",
    ]
    lines[at] = lines[at].split("=")[0] + "= " + data.draw(st.sampled_from(words))
    taken(name, "\n".join(lines).encode())


@pytest.mark.parametrize("name", [n for n, reader in READERS.items() if n.endswith(("json", "toml"))])
@pytest.mark.parametrize(
    "deep",
    [
        b'{"a": ' + b"9" * 5000 + b"}",
        b"a = " + b"9" * 5000,
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"a = " + b"[" * 100_000,
    ],
)
def test_deep_nesting_is_refused(name: str, deep: bytes) -> None:
    taken(name, deep)


@given(
    st.one_of(
        st.text(max_size=60),
        st.text(max_size=30).map(lambda t: f"sim:{t}"),
        st.text(max_size=30).map(lambda t: f"serial://{t}?{t}={t}"),
    )
)
def test_any_board_url_is_parsed_or_refused(url: str) -> None:
    refusal = refusal_of(lambda: parse_board_url(url))
    assert refusal is None or len(str(refusal)) > 10


@given(st.text(max_size=80))
def test_any_answer_of_the_radio_is_looked_through(reply: str) -> None:
    channel = channel_of(reply)
    assert channel is None or channel >= 0
