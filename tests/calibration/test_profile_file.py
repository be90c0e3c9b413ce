"""The profile's file: what was written is read, what was changed is refused with its field."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import FITS, MONTAGE, profile

from calibration.errors import CalibrationError, ProfileDamaged, ProfileUnfit
from calibration.montage import montage_of
from calibration.profile import CalibrationProfile
from calibration.profile_file import _sum, decode_profile, encode_profile
from calibration.repeatability import repeatability

CONTENT = encode_profile(profile())


def same(one: CalibrationProfile, other: CalibrationProfile) -> bool:
    return encode_profile(one) == encode_profile(other)


def refusal(content: bytes) -> str | None:
    """What is said of it, None when it is taken."""
    try:
        decode_profile(content, "p.json")
    except ProfileDamaged as error:
        return str(error)
    return None


def test_what_was_written_is_read() -> None:
    found = decode_profile(CONTENT, "p.json")
    assert same(found, profile())
    assert found.channels == profile().channels
    assert (found.reference_contraction(2), found.rest_level(2)) == (42.0, 3.0)
    assert found.montage == MONTAGE


def places(value: object, path: str = "") -> list[tuple[str, list[object]]]:
    """Every leaf of the document: its path as messages write it, and the keys that lead there."""
    if isinstance(value, dict):
        rows = [(f"{path}.{k}" if path else k, [k], v) for k, v in value.items()]
    elif isinstance(value, list):
        rows = [(f"{path}[{i}]", [i], v) for i, v in enumerate(value)]
    else:
        return [(path, [])]
    return [(where, keys + below) for at, keys, v in rows for where, below in places(v, at)]


LEAVES = places(json.loads(CONTENT))


def changed(keys: list[object], value: object, *, drop: bool = False, resum: bool = True) -> bytes:
    document = copy.deepcopy(json.loads(CONTENT))
    at = document
    for key in keys[:-1]:
        at = at[key]
    if drop:
        del at[keys[-1]]
    else:
        at[keys[-1]] = value
    if resum and "sum" in document and keys != ["sum"]:
        document["sum"] = _sum({k: v for k, v in document.items() if k != "sum"})
    return json.dumps(document).encode()


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(LEAVES), st.sampled_from([None, "", "x", -1, 1e300, True, [], {}, [1], "left"]))
def test_a_value_of_another_kind_is_refused_naming_its_field(leaf: tuple[str, list[object]], value: object) -> None:
    path, keys = leaf
    refused = refusal(changed(keys, value))
    # None: another value of the same kind, honestly written.
    assert refused is None or f"field '{path.partition('.')[0].partition('[')[0]}" in refused


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([leaf for leaf in LEAVES if "matrix" not in leaf[0] and "sd[" not in leaf[0]]))
def test_a_field_that_is_missing_is_named(leaf: tuple[str, list[object]]) -> None:
    path, keys = leaf
    if isinstance(keys[-1], int) or ".ratio." in path or ".spread." in path:
        return
    with pytest.raises(ProfileDamaged, match="it is missing") as refused:
        decode_profile(changed(keys, None, drop=True), "p.json")
    assert f"'{path}'" in str(refused.value)


@pytest.mark.parametrize("path", ["channels[2].rest_uv", "blinks.count", "crosstalk.sd[0][1]", "tasks[0].accepted"])
def test_a_digit_that_was_changed_is_seen_by_the_sum(path: str) -> None:
    keys = dict(LEAVES)[path]
    with pytest.raises(ProfileDamaged, match="field 'sum': the content was changed"):
        decode_profile(changed(keys, 7, resum=False), "p.json")


@settings(max_examples=120, deadline=None)
@given(st.integers(0, len(CONTENT) - 1), st.integers(0, 255))
def test_one_byte_that_turned_over_is_never_a_crash_and_never_another_profile(at: int, byte: int) -> None:
    content = CONTENT[:at] + bytes([byte]) + CONTENT[at + 1 :]
    refused = refusal(content)
    assert same(decode_profile(content, "p.json"), profile()) if refused is None else refused.startswith("p.json")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(CONTENT) - 2))
def test_a_file_cut_short_is_refused(length: int) -> None:
    with pytest.raises(ProfileDamaged, match=r"p\.json is"):
        decode_profile(CONTENT[:length].rstrip(b"\n} "), "p.json")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no calibration profile"),
        (b"[]", "is no table"),
        (b"\xff\xfe", "no calibration profile"),
        (b'{"schema": "hfs-emg/calibration/2"}', "field 'schema'"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"schema": NaN}', "NaN"),
        (b"[" * 100_000, "no calibration profile"),
    ],
)
def test_what_is_no_profile_is_refused_in_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(ProfileDamaged, match=words):
        decode_profile(content, "p.json")


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ProfileDamaged, match=r"field 'channels\[0\]\.mood': it is unknown"):
        decode_profile(changed(["channels", 0, "mood"], 1), "p.json")


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"subject": "S2"}, "is of subject S1, not of S2"),
        ({"rate_hz": 500.0}, "at 250 Hz and this is 500 Hz"),
        ({"band_hz": (20.0, 100.0)}, "20–110 Hz and this is 20–100 Hz"),
        ({"montage": montage_of([(1, "left", "OOC"), (2, "right", "OOC")])}, "input 1 was EMG L FRO and is EMG L OOC"),
    ],
)
def test_a_profile_of_something_else_is_refused_with_the_reason(other: dict, words: str) -> None:
    with pytest.raises(ProfileUnfit, match=words):
        profile().check_fits(**(FITS | other))
    profile().check_fits(**FITS)


def test_repeated_on_a_day_it_says_how_well_it_repeats() -> None:
    found = repeatability([profile(1.0), profile(1.1)])
    assert found.cv["EMG L OOC"] == pytest.approx(0.0673, abs=0.001)
    assert found.rest_cv["EMG L OOC"] == 0
    assert found.icc is not None
    assert 0 < found.icc < 1
    with pytest.raises(CalibrationError):
        repeatability([profile(), replace(profile(), rate_hz=500.0)])
