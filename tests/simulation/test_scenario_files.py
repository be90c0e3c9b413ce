"""Scenarios: all there, all different, strictly read."""

from __future__ import annotations

import ast
import functools
import inspect
from pathlib import Path

import pytest

from hfs_emg.errors import RequestError
from hfs_emg.events import Kind
from hfs_emg.simulation import disorders, settings
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario, parse_scenario, scenario_names
from hfs_emg.simulation.truth import Truth

NAMES = sorted(path.stem for path in (Path(inspect.getfile(settings)).parent / "scenarios").glob("*.toml"))
PROMISED = {
    "after-botulinum-toxin", "bad-electrodes", "bell-palsy-synkinesis", "bilateral-asynchronous", "blepharospasm",
    "blink-triggered-right", "facial-myokymia", "functional-tonic", "healthy-lively", "healthy-meal", "healthy-rest",
    "healthy-talking", "hemimasticatory", "lid-myokymia", "low-amplitude", "mains-60hz-artefacts", "mild-early-left",
    "moderate-left", "moderate-right", "one-sided-chewing", "severe-tonic-left", "sleep-night",
    "spasm-smaller-than-blinks", "spasm-while-talking", "tic", "winks-and-smirks",
}  # fmt: skip
HEADER = 'name = "a"\ntitle = "A"\ndescription = "One."\n'


@functools.cache
def truth_of(name: str) -> Truth:
    return SimulatedFace(load_scenario(name), seed=1).truth(600.0)


def test_all_scenarios_are_shipped() -> None:
    assert set(scenario_names()) == set(NAMES) >= PROMISED


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_has_its_own_name_a_title_and_one_line(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert "\n" not in scenario.description
    assert scenario.description.endswith(".")


def test_every_kind_and_every_finer_label_occurs_over_the_scenarios() -> None:
    truths = [truth_of(name) for name in scenario_names()]
    assert {e.kind for t in truths for e in t.episodes} == set(Kind)
    expected = {
        "spasm_isolated", "spasm_grouped", "spasm_tonic", "spasm_blink_triggered", "spasm_during_speech",
        "spasm_during_smile", "spasm_after_movement", "blink", "blink_doublet", "blink_voluntary", "blepharospasm",
        "eyelid_myokymia", "facial_myokymia", "synkinesis_blink", "synkinesis_smile", "synkinesis_pucker", "smile",
        "smirk", "wink", "brow_raise", "pucker", "tight_closure", "gentle_closure", "snarl", "clench",
        "one_sided_clench", "functional_tonic", "tic", "chewing", "speech", "swallow", "yawn", "hemimasticatory",
        "motion", "pop", "cable_tug", "mains_step", "rail", "lead_off", "flat_line", "dry_electrode_rails",
        "electrode_comes_off",
    }  # fmt: skip
    assert expected <= {e.label for t in truths for e in t.episodes}


@pytest.mark.parametrize("name", [n for n in NAMES if not load_scenario(n).spasms])
def test_a_face_without_hemifacial_spasm_has_no_spasm(name: str) -> None:
    assert not [e for e in truth_of(name).episodes if e.kind == "spasm"]


def test_an_unknown_name_lists_close_ones() -> None:
    with pytest.raises(RequestError, match="did you mean moderate-right"):
        load_scenario("moderat-right")
    with pytest.raises(RequestError, match="choose one of after-botulinum-toxin, bad-electrodes"):
        load_scenario("zzzzzz")


def test_a_file_of_ones_own_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEADER + "[blinks]\nrate_per_min = 3\n")
    assert load_scenario(path).blinks.rate_per_min == 3.0
    with pytest.raises(RequestError, match="cannot be read"):
        load_scenario(tmp_path / "none.toml")


def test_all_mistakes_are_listed_with_their_path() -> None:
    text = """
title = 5
description = "One."
colour = "blue"
[blinks]
rate_per_mn = 3
amplitude_uv = -4.0
[mains]
frequency_hz = 55
[[spasms]]
side = "left"
[[spasms]]
side = "up"
rate_per_min = "often"
[tic]
rate_per_min = true
"""
    with pytest.raises(RequestError) as caught:
        parse_scenario(text, "mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml has 9 mistakes: ")
    for words in (
        "`name` is missing",
        "`title`: expected `str`, got `int`",
        "`colour` is unknown",
        "`blinks.rate_per_mn` is unknown (did you mean `rate_per_min`?)",
        "`blinks.amplitude_uv`: expected `float` > 0.0",
        "`mains.frequency_hz`: invalid enum value 55",
        "`spasms[2].side`: invalid enum value 'up'",
        "`spasms[2].rate_per_min`: expected `float`, got `str`",
        "`tic.rate_per_min`: expected `float`, got `bool`",
    ):
        assert words in message


def test_a_section_in_the_wrong_place_is_named() -> None:
    with pytest.raises(RequestError, match="`spasms`: expected `array`"):
        parse_scenario(HEADER + "[spasms]\nside = 'left'\n", "mine.toml")
    with pytest.raises(RequestError, match="`blinks`: expected `object`"):
        parse_scenario(HEADER + "blinks = 3\n", "mine.toml")
    with pytest.raises(RequestError, match="not valid TOML"):
        parse_scenario("name = ", "mine.toml")


@pytest.mark.parametrize("module", [settings, disorders])
def test_every_setting_has_a_unit_in_its_name_or_a_sentence_under_it(module: object) -> None:
    units = ("_s", "_ms", "_hz", "_uv", "_mv", "_per_min", "_per_hour", "_min")
    own_rates = {"Expressions"}  # the class says: each per minute
    tree = ast.parse(inspect.getsource(module))  # type: ignore[arg-type]
    for node in (n for n in tree.body if isinstance(n, ast.ClassDef) and n.name not in own_rates):
        assert ast.get_docstring(node)
        for field, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign):
                assert isinstance(field.target, ast.Name)
                told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                assert told or field.target.id == "side" or field.target.id.endswith(units), (
                    f"{node.name}.{field.target.id}"
                )
