"""The picture of an episode: what it shows, where, and what it says."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from calibration.montage import Side, Site, default_montage, montage_of
from hfs_emg import figures
from hfs_emg.errors import DiskError, RequestError
from hfs_emg.events import Burst, Episode, Kind
from hfs_emg.figures import draw_episode, filtered, render_episode
from hfs_emg.formats import open_recording
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.recording import write_recording
from hfs_emg.simulation.scenarios import load_scenario


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("figures") / "patient.bdf"
    write_recording(SimulatedFace(load_scenario("moderate-right"), seed=4), 30.0, path)
    return open_recording(path)


def episode(start_s=12.0, end_s=13.0, **changes):
    bursts = (Burst("EMG R OOC", start_s, start_s + 0.4, 80.0), Burst("EMG R ZYG", start_s + 0.02, end_s, 60.0))
    values = {
        "id": 1,
        "start_s": start_s,
        "end_s": end_s,
        "kind": Kind.SPASM,
        "side": "right",
        "sites": ("orbicularis_oculi", "zygomaticus"),
        "form": "clonic",
        "confidence": 0.934,
        "reason": "Two sites within 20 ms, the other side quiet.",
        "bursts": bursts,
        "first_provisional_s": None,
        "settled_s": end_s + 1,
    }
    return Episode(**(values | changes))


def shown(recording, of):
    """The figure's axes by row and column, and all its words."""
    montage = recording.montage
    start_s, end_s = of.start_s - figures.AROUND_S, of.end_s + figures.AROUND_S
    figure = figures._figure(montage, of, *filtered(recording, montage, start_s, end_s))
    return np.array(figure.axes).reshape(-1, 2), figure


def test_the_right_side_is_on_the_viewers_left(recording):
    axes, _ = shown(recording, episode())
    assert [a.get_title() for a in axes[0]] == ["RIGHT side of the face", "LEFT side of the face"]
    assert [a.get_ylabel().split("\n")[0] for a in axes[:, 0]] == [
        "frontalis",
        "orbicularis",
        "zygomaticus",
        "orbicularis",
    ]
    times, emg = filtered(recording, recording.montage, 11.0, 14.0)
    index = recording.montage.index(Side.RIGHT, Site.ZYGOMATICUS)
    x, y = axes[2, 0].lines[0].get_data()
    assert np.allclose(x, times - 12.0)
    assert np.array_equal(y, emg[index])


def test_bursts_are_marked_where_they_are_and_nowhere_else(recording):
    axes, _ = shown(recording, episode())
    marked = {(row, column): len(axes[row, column].lines) - 1 for row in range(4) for column in range(2)}
    assert marked == {(r, c): 2 if (r, c) in ((1, 0), (2, 0)) else 0 for r in range(4) for c in range(2)}
    onset, offset = axes[2, 0].lines[1:]
    assert onset.get_xdata()[0] == pytest.approx(0.02)
    assert offset.get_xdata()[0] == pytest.approx(1.0)
    assert (onset.get_linestyle(), offset.get_linestyle()) == ("-", ":")


def test_both_sides_of_a_site_share_their_scale_and_noise_is_not_blown_up(recording):
    axes, _ = shown(recording, episode())
    for row in axes:
        assert row[0].get_ylim() == row[1].get_ylim()
        assert row[0].get_ylim()[0] <= -figures.LEAST_REACH_UV


def test_the_title_says_simulated_kind_form_side_length_and_confidence(recording):
    title = figures._title(recording, episode())
    assert title == "SIMULATED, no patient  –  Spasm, clonic, right side, 1000 ms, confidence 0.93"
    two_sided = figures._title(recording, episode(kind=Kind.BLINK, side="both", form=None))
    assert two_sided.endswith("Blink, both sides, 1000 ms, confidence 0.93")


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".SVG", b"<?xml")])
def test_pictures_are_png_or_svg(recording, tmp_path, suffix, start):
    path = tmp_path / f"spasm{suffix}"
    draw_episode(recording, episode(), path)
    assert path.read_bytes().startswith(start)


def test_no_words_overlap(recording):
    """The longest reason, at the longest the kinds table allows, over two lines."""
    long = episode(reason="sites within 20 ms of each other, and " * 12, kind=Kind.VOLUNTARY, start_s=14.0, end_s=19.0)
    _, figure = shown(recording, long)
    figures._caption(figure, recording, long)
    assert figure.get_supxlabel().startswith("Why: sites within 20 ms")
    assert figure.get_supxlabel().count("\n") == 2
    canvas = figures.FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    texts = [
        figure._suptitle,
        figure._supxlabel,
        *(a.title for a in figure.axes),
        *(a.xaxis.label for a in figure.axes),
    ]
    boxes = [t.get_window_extent(renderer) for t in texts if t.get_text()]
    assert len(boxes) == 6
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


@pytest.mark.parametrize(("start_s", "end_s"), [(0.1, 0.4), (29.5, 30.0)])
def test_an_episode_at_the_edge_of_the_recording_is_shown_as_far_as_there_is_signal(recording, start_s, end_s):
    assert render_episode(recording, episode(start_s, end_s), ".png")
    times, emg = filtered(recording, recording.montage, max(0.0, start_s - 1), min(30.0, end_s + 1))
    assert emg.shape == (8, len(times))


def test_a_place_without_an_electrode_is_said(recording):
    montage = montage_of([(6, "right", "OOC"), (3, "left", "ZYG")])
    times, emg = filtered(recording, montage, 11.0, 14.0)
    figure = figures._figure(montage, episode(), times, emg)
    empty = [a for a in figure.axes if not a.lines]
    assert [t.get_text() for a in empty for t in a.texts] == ["no electrode"] * 2


def test_what_is_shown_does_not_depend_on_where_the_reading_begins(recording):
    """After the warm-up the filters have forgotten their start."""
    _, whole = filtered(recording, default_montage(8), 0.0, 16.5)
    _, part = filtered(recording, default_montage(8), 12.0, 16.5)
    assert np.abs(whole[:, 3000:] - part).max() < 1.0


def test_what_cannot_be_drawn_is_refused(recording, tmp_path):
    with pytest.raises(RequestError, match=r"\.png or \.svg"):
        draw_episode(recording, episode(), tmp_path / "spasm.jpg")
    with pytest.raises(DiskError, match="could not be written"):
        draw_episode(recording, episode(), tmp_path / "none" / "spasm.png")
