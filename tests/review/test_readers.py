"""Readers: the journal, blindness, agreement, the desk and the command."""

import json
import shutil
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from sessions_to_review import MONTAGE, NOW, episode, session_of

from hfs_emg.cli import main
from hfs_emg.errors import RequestError
from hfs_emg.events import Kind
from hfs_emg.review.agreement import agreement, kappa, kappa_interval, merged
from hfs_emg.review.desk import ReviewDesk, draft
from hfs_emg.review.session_review import SessionReview
from hfs_emg.review.verdicts import REVIEW_NAME, Action, read_verdicts
from hfs_emg.review.view import base_view, view_of, with_verdict

EPISODES = [episode(n, 5.0 * n, confidence=0.5 + n / 25) for n in range(1, 11)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    return session_of(tmp_path_factory.mktemp("recorded"), EPISODES)


@pytest.fixture
def folder(tmp_path, recorded):
    """A session of its own, to be written to."""
    return Path(shutil.copytree(recorded, tmp_path / "store" / "P014" / recorded.name))


def test_verdicts_are_only_ever_added_each_with_reader_and_time(folder):
    review = SessionReview(folder)
    review.judge("R1", NOW, [draft(Action.CONFIRM, "1", "2")])
    before = (folder / REVIEW_NAME).read_bytes()
    review.judge("R1", NOW, [draft(Action.UNDO)])
    after = (folder / REVIEW_NAME).read_bytes()
    assert after.startswith(before)
    assert [(v.number, v.reader, v.utc) for v in read_verdicts(folder).lines] == [
        (1, "R1", "2026-11-20T19:00:00.000Z"),
        (2, "R1", "2026-11-20T19:00:00.000Z"),
    ]
    assert (folder / REVIEW_NAME).stat().st_mode & 0o777 == 0o600


def test_a_second_reader_sees_nothing_of_the_first(folder):
    review = SessionReview(folder)
    review.judge("R1", NOW, [draft(Action.REJECT, "1"), draft(Action.SPLIT, "2", at_s=10.2)])
    assert SessionReview(folder).view("R2").events == base_view(EPISODES).events
    assert SessionReview(folder).view("R1").event("1").named is None


def test_a_verdict_that_does_not_fit_writes_nothing_of_its_batch(folder):
    review = SessionReview(folder)
    with pytest.raises(RequestError, match="no event '77'"):
        review.judge("R1", NOW, [draft(Action.CONFIRM, "1"), draft(Action.REJECT, "77")])
    assert (folder / REVIEW_NAME).read_bytes() == b""
    with pytest.raises(RequestError, match="reader's code"):
        review.judge("Dr. Who", NOW, [draft(Action.CONFIRM, "1")])
    with pytest.raises(RequestError, match="session ends at"):
        review.judge("R1", NOW, [draft(Action.ADD, kind=Kind.TWITCH, side="left", start_s=59.0, end_s=61.0)])


def test_a_torn_or_damaged_line_costs_that_verdict_and_no_other(folder):
    review = SessionReview(folder)
    for key in "123":
        review.judge("R1", NOW, [draft(Action.CONFIRM, key)])
    lines = (folder / REVIEW_NAME).read_bytes().splitlines(keepends=True)
    (folder / REVIEW_NAME).write_bytes(lines[0] + lines[1].replace(b"confirm", b"rejecte") + lines[2][:-20])
    torn = SessionReview(folder)
    assert torn.view("R1").judged == 1
    assert len(torn.verdicts.notes) == 2
    torn.judge("R1", NOW, [draft(Action.CONFIRM, "5")])
    assert SessionReview(folder).view("R1").judged == 2


def test_two_writers_at_once_lose_nothing(folder):
    one, two = SessionReview(folder), SessionReview(folder)
    one.judge("R1", NOW, [draft(Action.CONFIRM, "1")])
    two.judge("R1", NOW, [draft(Action.CONFIRM, "2")])
    two.judge("R2", NOW, [draft(Action.REJECT, "1")])
    assert [(v.reader, v.number) for v in read_verdicts(folder).lines] == [("R1", 1), ("R1", 2), ("R2", 1)]


def test_where_readers_differ_the_event_is_unsure_and_does_not_count():
    views = [with_verdict(base_view(EPISODES), draft(a, "1", "2")) for a in (Action.CONFIRM, Action.REJECT)]
    together = merged(views)
    assert [e.state for e in together.events[:3]] == ["disputed", "disputed", "undecided"]
    assert together.events[0].named is Kind.UNSURE
    assert sum(e.counts() for e in together.events) == 8


def test_what_one_reader_merged_is_not_counted_twice_where_the_other_said_nothing():
    other = with_verdict(base_view(EPISODES), draft(Action.MERGE, "1", "2"))
    mine = with_verdict(base_view(EPISODES), draft(Action.CONFIRM, "9"))
    for order in ([mine, other], [other, mine]):
        assert sum(e.counts() for e in merged(order).events) == 9


def test_kappa_of_a_known_table():
    """The example of Cohen's own kind: 20, 5, 10, 15 give 0.4."""
    assert kappa(np.array([[20.0, 5.0], [10.0, 15.0]])) == pytest.approx(0.4)
    said = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15
    found = kappa_interval(said)
    assert found.value == pytest.approx(0.4)
    assert 0.1 < found.low < 0.25
    assert 0.55 < found.high < 0.7
    assert kappa_interval([("a", "a")] * 9).value is None


def test_agreement_compares_only_what_both_judged():
    first = with_verdict(base_view(EPISODES), draft(Action.CONFIRM, "1", "2", "3", "4"))
    second = with_verdict(with_verdict(base_view(EPISODES), draft(Action.CONFIRM, "1", "2")), draft(Action.REJECT, "3"))
    found = agreement(("R1", "R2"), first, second)
    assert (found.compared, found.spasm_f1.value) == (3, pytest.approx(0.8))


def scripted(desk, review, keys):
    for key in keys:
        verdicts = desk.press(key)
        if verdicts:
            desk.show(review.judge("R1", NOW, verdicts))
            if verdicts[0].action is Action.UNDO:
                desk.go_back()
            else:
                desk.advance()


def test_like_events_take_one_key_and_undo_brings_the_card_back(folder):
    review = SessionReview(folder)
    desk = ReviewDesk(review.view("R1"), MONTAGE)
    assert len(desk.card.keys) == 10
    scripted(desk, review, "c")
    assert (desk.left, review.view("R1").judged) == (0, 10)
    scripted(desk, review, "u")
    assert (desk.left, len(desk.card.keys)) == (10, 10)


def test_an_opened_group_is_judged_event_by_event_the_least_certain_first(folder):
    review = SessionReview(folder)
    desk = ReviewDesk(review.view("R1"), MONTAGE)
    scripted(desk, review, "orclv" + "s")
    view = review.view("R1")
    assert [view.event(k).state for k in "123"] == ["rejected", "confirmed", "relabelled"]
    assert [e.of for e in view.events if e.of] == [("4",), ("4",)]
    scripted(desk, review, "a30.2 30.9 spasm left\n" + "e")
    assert desk.typed == "edges "
    scripted(desk, review, "1 2 3\n")
    assert "two" in desk.message.lower() or "start and end" in desk.message
    assert any(e.state == "added" for e in review.view("R1").events)
    scripted(desk, review, "lz")
    assert "no kind's key" in desk.message


def run(capsys, monkeypatch, keys, *arguments):
    monkeypatch.setattr(sys, "stdin", StringIO(keys))
    capsys.readouterr()
    status = main(["review", *map(str, arguments)])
    return status, capsys.readouterr()


def test_the_command_judges_by_key_and_tells_agreement_to_nobody_who_judges(folder, tmp_path, capsys, monkeypatch):
    status, said = run(capsys, monkeypatch, "ocr", folder, "--reader", "R1")
    assert status == 0
    assert "2 events judged" in said.out
    status, said = run(capsys, monkeypatch, "c", folder, "--reader", "R2")
    assert "kappa" not in said.out
    status, said = run(capsys, monkeypatch, "", folder, "--json", "-")
    found = json.loads(said.out)
    assert found["schema"] == "hfs-emg/review/1"
    assert found["agreement"][0]["compared"] == 2
    assert found["progress"]["disputed"] == 1
    status, said = run(capsys, monkeypatch, "", folder)
    assert "1 of them are disputed" in said.out
    assert "Readers R1 and R2: 2 events compared" in said.out


def test_a_reader_with_a_name_and_a_session_that_is_not_there_are_refused(folder, tmp_path, capsys, monkeypatch):
    assert run(capsys, monkeypatch, "", folder, "--reader", "Jane Doe")[0] == 2
    assert run(capsys, monkeypatch, "", "2025", "--store", tmp_path / "store")[0] == 2
    assert view_of([], []).events == ()


def test_what_one_reader_added_is_not_disputed_by_one_who_judged_nothing():
    added = with_verdict(base_view(EPISODES), draft(Action.ADD, start_s=2.0, end_s=2.5, kind=Kind.SPASM, side="left"))
    said_nothing = base_view(EPISODES)
    judged = with_verdict(base_view(EPISODES), draft(Action.CONFIRM, "9"))
    assert "disputed" not in {e.state for e in merged([added, said_nothing]).events}
    assert "disputed" in {e.state for e in merged([added, judged]).events}


def test_the_same_spasm_on_the_other_side_is_no_agreement():
    views = []
    for reader, side in (("R1", "left"), ("R2", "right")):
        added = draft(Action.ADD, start_s=2.0, end_s=2.5, kind=Kind.SPASM, side=side)
        views.append(with_verdict(base_view([]), replace(added, reader=reader, number=1)))
    found = agreement(("R1", "R2"), *views)
    assert found.spasm_f1.value == 0.0
    assert sorted(found.table) == [("no event", "spasm right", 1), ("spasm left", "no event", 1)]
