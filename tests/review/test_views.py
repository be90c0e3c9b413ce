"""What verdicts make of the episodes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sessions_to_review import MONTAGE, episode

from hfs_emg.errors import RequestError
from hfs_emg.events import Kind
from hfs_emg.review.burden import THRESHOLDS, burden_of, slider
from hfs_emg.review.desk import draft
from hfs_emg.review.groups import group_events, is_asked
from hfs_emg.review.verdicts import Action, Verdict
from hfs_emg.review.view import base_view, view_of, with_verdict

EPISODES = [episode(1, 1.0), episode(2, 5.0, confidence=0.6), episode(3, 9.0, Kind.BLINK, side="both")]


def after(*verdicts):
    view = base_view(EPISODES)
    for verdict in verdicts:
        view = with_verdict(view, verdict)
    return view


def named(view):
    return {event.key: event.named for event in view.events}


def test_without_a_verdict_the_detectors_word_stands():
    assert named(after()) == {"1": Kind.SPASM, "2": Kind.SPASM, "3": Kind.BLINK}
    assert after().judged == 0


def test_a_rejected_event_is_none_and_one_relabelled_counts_as_what_the_reader_says():
    view = after(draft(Action.REJECT, "1"), draft(Action.RELABEL, "3", kind=Kind.SPASM, side="left"))
    assert named(view) == {"1": None, "2": Kind.SPASM, "3": Kind.SPASM}
    assert {e.key for e in view.events if e.counts()} == {"2", "3"}


def test_a_split_gives_each_half_its_own_bursts_and_sites():
    view = after(draft(Action.SPLIT, "1", at_s=1.2))
    first, second = view.events[:2]
    assert (first.key, second.key, first.of) == ("-0a", "-0b", ("1",))
    assert (first.episode.end_s, second.episode.start_s) == (1.2, 1.2)
    assert (first.episode.sites, second.episode.sites) == (("orbicularis_oculi",), ("zygomaticus",))


def test_a_merge_spans_both_and_a_moved_edge_cuts_the_bursts():
    whole = after(draft(Action.MERGE, "1", "2")).events[0]
    assert (whole.episode.start_s, whole.episode.end_s, len(whole.episode.bursts)) == (1.0, 5.4, 4)
    cut = after(draft(Action.ADJUST, "1", start_s=1.05, end_s=1.5)).event("1").episode
    assert (cut.start_s, cut.bursts[0].start_s, cut.bursts[0].end_s) == (1.05, 1.05, 1.15)


def test_what_is_relabelled_a_spasm_is_tonic_when_a_burst_lasts_a_second():
    found = episode(1, 1.0, Kind.UNSURE)
    long = type(found.bursts[0])("EMG R OOC", 1.0, 2.1, 50.0)
    found = episode(1, 1.0, Kind.UNSURE, end_s=2.1, bursts=(long,))
    view = with_verdict(base_view([found]), draft(Action.RELABEL, "1", kind=Kind.SPASM))
    assert view.event("1").episode.form == "tonic"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (draft(Action.CONFIRM, "9"), "no event '9'"),
        (draft(Action.CONFIRM), "needs an event"),
        (draft(Action.RELABEL, "1"), "needs a kind"),
        (draft(Action.RELABEL, "3", kind=Kind.SPASM, side="both"), "a spasm is of one side"),
        (draft(Action.SPLIT, "1", at_s=7.0), "within the event"),
        (draft(Action.SPLIT, "1", "2", at_s=1.2), "one event at a time"),
        (draft(Action.MERGE, "1"), "two events"),
        (draft(Action.MERGE, "1", "3"), "different sides"),
        (draft(Action.ADJUST, "1", start_s=2.0, end_s=1.0), "the end lies"),
        (draft(Action.ADJUST, "1", start_s=float("nan"), end_s=1.0), "two times"),
        (draft(Action.ADD, kind=Kind.SPASM, side="both", start_s=1.0, end_s=2.0), "a spasm is of one side"),
        (draft(Action.ADD, kind=Kind.BLINK, start_s=1.0, end_s=2.0, sites=("<script>",)), "a site is one of"),
        (draft(Action.CONFIRM, "1", note="x" * 201), "at most 200"),
    ],
)
def test_a_verdict_that_does_not_fit_is_refused_in_a_sentence(verdict, words):
    with pytest.raises(RequestError, match=words):
        after(verdict)


def numbered(*verdicts):
    return [Verdict(number=i, reader="R1", utc="", action=v.action, events=v.events, kind=v.kind, side=v.side, start_s=v.start_s,
                    end_s=v.end_s, at_s=v.at_s) for i, v in enumerate(verdicts, 1)]  # fmt: skip


def test_undo_takes_back_the_last_verdict_that_stands_and_then_the_one_before():
    done = (draft(Action.CONFIRM, "1"), draft(Action.SPLIT, "2", at_s=5.2))
    assert named(view_of(EPISODES, numbered(*done, draft(Action.UNDO)))).keys() == {"1", "2", "3"}
    both = view_of(EPISODES, numbered(*done, draft(Action.UNDO), draft(Action.UNDO)))
    assert both.events == base_view(EPISODES).events
    assert "takes back nothing" in view_of(EPISODES, numbered(draft(Action.UNDO))).notes[0]


VERDICTS = st.one_of(
    st.builds(
        lambda a, k: draft(a, *k), st.sampled_from(list(Action)), st.lists(st.sampled_from(["1", "2", "3", "4"]))
    ),
    st.builds(
        lambda s, e: draft(Action.ADD, kind=Kind.TWITCH, side="left", start_s=s, end_s=e), st.floats(), st.floats()
    ),
    st.builds(lambda k, t: draft(Action.SPLIT, k, at_s=t), st.sampled_from(["1", "2"]), st.floats(0, 10)),
    st.builds(
        lambda k, d: draft(Action.RELABEL, k, kind=d, side="right"),
        st.sampled_from(["1", "3"]),
        st.sampled_from(list(Kind)),
    ),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(VERDICTS, max_size=12))
def test_whatever_a_journal_holds_gives_a_view_and_undoing_all_of_it_gives_the_beginning(verdicts):
    lines = numbered(*verdicts)
    view = view_of(EPISODES, lines)
    assert len({e.key for e in view.events}) == len(view.events)
    assert all(e.episode.end_s > e.episode.start_s for e in view.events)
    undone = [Verdict(number=100 + i, reader="R1", utc="", action=Action.UNDO) for i in range(len(lines))]
    assert view_of(EPISODES, [*lines, *undone]).events == base_view(EPISODES).events


def test_the_slider_leaves_what_a_reader_judged_and_counts_the_rest_by_confidence():
    counts = [step.sides["right"].spasms for step in slider(after(), MONTAGE, 60.0)]
    assert counts == [2 if t <= 0.6 else 1 if t <= 0.9 else 0 for t in THRESHOLDS]
    judged = slider(after(draft(Action.CONFIRM, "2")), MONTAGE, 60.0)
    assert [step.sides["right"].spasms for step in judged] == [2 if t <= 0.9 else 1 for t in THRESHOLDS]
    assert judged[0].false_per_hour.high > judged[-1].false_per_hour.high
    assert burden_of(after(), MONTAGE, 60.0)["right"].spasms_per_min == 2.0


def test_events_that_look_alike_are_one_group_and_the_least_certain_group_comes_first():
    alike = [episode(n, 10.0 * n, confidence=0.95) for n in range(1, 6)]
    long = [episode(n, 10.0 * n, end_s=10.0 * n + 6, confidence=0.7) for n in range(6, 8)]
    left = [episode(8, 90.0, side="left", confidence=0.8)]
    groups = group_events(base_view([*alike, *long, *left, EPISODES[2]]).events, MONTAGE)
    assert [(g.side, len(g.keys)) for g in groups] == [("right", 2), ("left", 1), ("right", 5)]
    again = group_events(base_view([*left, *long, *reversed(alike)]).events, MONTAGE)
    assert again == groups


def test_a_reader_is_asked_about_what_counts_and_about_what_one_side_did_that_is_unsure():
    assert [is_asked(e) for e in EPISODES] == [True, True, False]
    assert [is_asked(episode(4, 20.0, Kind.UNSURE, side=side)) for side in ("left", "right", "both")] == [
        True,
        True,
        False,
    ]
