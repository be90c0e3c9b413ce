"""Where a spasm begins and ends, of the atoms that its episode is put together from; and what is too doubtful to be named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calibration.montage import Montage, Site, default_montage
from hfs_emg.analysis.classify import ALL_NAMES, DEFAULT_MODEL, Classifier, Decision
from hfs_emg.analysis.decided import DecidedAtom
from hfs_emg.analysis.episodes import EpisodeBuilder
from hfs_emg.analysis.frames import FrameClock
from hfs_emg.analysis.kinds import CLASSES
from hfs_emg.analysis.settings import AnalysisSettings
from hfs_emg.events import Episode

CLOCK = FrameClock.at(250.0)
LID, CHEEK, MOUTH = 1, 2, 3
MONTAGE = default_montage(8)


def atom(start_s: float, end_s: float, kind: str, *channels: int, alone: float = 0.9, sure: float = 0.9) -> DecidedAtom:
    """An atom of the left side. alone: what the first look says of its kind; sure: what is decided."""
    first_look = np.full(len(CLASSES), (1 - alone) / (len(CLASSES) - 1))
    first_look[CLASSES.index(kind)] = alone
    probability = np.full(len(CLASSES), (1 - sure) / (len(CLASSES) - 1))
    probability[CLASSES.index(kind)] = sure
    return DecidedAtom(
        side="left",
        first=CLOCK.frames(start_s),
        end=CLOCK.frames(end_s),
        channels=channels,
        bursts=tuple((c, start_s, end_s, 50.0) for c in channels),
        edges_s=(start_s, end_s),
        decision=Decision(probability, np.zeros(len(ALL_NAMES)), first_look),
        weight=end_s - start_s,
        shown_s=None,
        uninterrupted_s=end_s - start_s,
    )


def episodes(*atoms: DecidedAtom, montage: Montage = MONTAGE) -> list[Episode]:
    builder = EpisodeBuilder(CLOCK, montage, AnalysisSettings(), Classifier(DEFAULT_MODEL.read_bytes()))
    for each in atoms:
        builder.add(each)
    builder.settle(CLOCK.frames(60.0), CLOCK.frames(60.0), 0)
    return builder.settled()


def one_episode(*atoms: DecidedAtom) -> Episode:
    (episode,) = episodes(*atoms)
    return episode


def test_a_twitch_that_a_run_sets_out_with_is_its_beginning() -> None:
    found = one_episode(atom(10.0, 10.1, "twitch", CHEEK), atom(10.45, 10.9, "spasm", LID, CHEEK, MOUTH, sure=0.97))
    assert (found.kind, found.start_s, found.end_s) == ("spasm", 10.0, 10.9)


def test_the_rest_of_a_blink_that_is_called_a_spasm_for_its_neighbours_sake_is_not_its_beginning() -> None:
    blink = atom(10.3, 10.4, "spasm", LID, alone=0.05)
    found = one_episode(blink, atom(10.45, 10.9, "spasm", LID, CHEEK, MOUTH))
    assert (found.kind, found.start_s, found.end_s) == ("spasm", 10.45, 10.9)


@pytest.mark.parametrize(("kind", "bound"), [("voluntary", 0.45), ("oral", 0.55), ("blepharospasm", 0.55)])
def test_a_movement_is_named_when_it_is_probable_enough_else_it_is_unsure(kind: str, bound: float) -> None:
    named = one_episode(atom(10.0, 10.9, kind, LID, CHEEK, sure=bound + 0.02))
    assert (named.kind, named.confidence) == (kind, pytest.approx(bound + 0.02))
    doubtful = one_episode(atom(10.0, 10.9, kind, LID, CHEEK, sure=bound - 0.02))
    assert (doubtful.kind, doubtful.confidence) == ("unsure", pytest.approx(1.02 - bound))
    assert doubtful.reason.startswith("The evidence does not decide (")
    assert f"{100 * (bound - 0.02):.0f} %" in doubtful.reason


@pytest.mark.parametrize("kind", ["blink", "synkinesis", "artefact"])
def test_other_kinds_are_named_when_they_are_what_is_most_probable(kind: str) -> None:
    assert one_episode(atom(10.0, 10.1, kind, LID, CHEEK, sure=0.4)).kind == kind


def spasm(start_s: float, sure: float) -> DecidedAtom:
    return atom(start_s, start_s + 0.3, "spasm", LID, CHEEK, MOUTH, sure=sure)


def test_a_doubtful_spasm_is_named_only_after_a_clear_one_of_its_side() -> None:
    found = episodes(spasm(10.0, 0.75), spasm(20.0, 0.87), spasm(30.0, 0.95), spasm(40.0, 0.65))
    assert [e.kind for e in found] == ["unsure", "spasm", "spasm", "spasm"]
    assert found[0].reason.startswith("Not clear enough to be named (spasm 75 %).")
    assert found[0].confidence == 0.25


def test_a_spasm_that_is_named_but_not_clear_opens_no_door() -> None:
    assert [e.kind for e in episodes(spasm(10.0, 0.87), spasm(20.0, 0.75))] == ["spasm", "unsure"]


def test_the_other_sides_clear_spasm_tells_nothing_of_this_side() -> None:
    other = replace(spasm(10.0, 0.95), side="right", channels=(5, 6, 7))
    found = episodes(other, spasm(20.0, 0.75))
    assert [(e.side, e.kind) for e in found] == [("right", "spasm"), ("left", "unsure")]


def test_a_spasm_less_probable_than_that_is_never_named() -> None:
    found = episodes(spasm(10.0, 0.95), spasm(20.0, 0.58))
    assert [e.kind for e in found] == ["spasm", "unsure"]
    assert found[1].reason.startswith("The evidence does not decide (spasm 58 %).")


def test_what_moves_alone_away_from_the_eyelid_is_no_twitch_unless_its_side_has_shown_a_spasm() -> None:
    assert one_episode(atom(10.0, 10.1, "twitch", LID)).kind == "twitch"
    away = one_episode(atom(10.0, 10.1, "twitch", CHEEK))
    assert (away.kind, away.confidence) == ("unsure", 0.088)
    assert "not the eyelid" in away.reason
    spasm = atom(5.0, 5.3, "spasm", LID, CHEEK, sure=0.95)
    assert [e.kind for e in episodes(spasm, atom(10.0, 10.1, "twitch", CHEEK))] == ["spasm", "twitch"]


def test_without_an_electrode_at_the_lid_any_site_may_twitch() -> None:
    lids = default_montage(8)
    bare = Montage(tuple(c for c in lids.channels if c.site is not Site.ORBICULARIS_OCULI))
    (found,) = episodes(atom(10.0, 10.1, "twitch", 1), montage=bare)
    assert found.kind == "twitch"
