"""A slice of `benchmarks.reliability.links`: every kind of interruption, in virtual time."""

import json
from dataclasses import replace

import pytest

from benchmarks.reliability import links, results

SLICE = 10


def test_every_loss_is_counted_exactly_or_estimated_within_the_bound(tmp_path):
    out = tmp_path / "links.jsonl"
    found = results.run(out, range(SLICE), links.trial)
    assert [r["seed"] for r in found if not r["ok"]] == []
    assert {r["what"] for r in found} == set(links.INTERRUPTIONS)
    assert all(r["truly_lost"] > 0 for r in found if r["what"] != "held")
    assert {row[0]: row[1] for row in links.matrix(found)} == {
        "unplug": 5,
        "power": 2,
        "radio": 1,
        "stall": 1,
        "held": 1,
    }
    again = results.run(out, range(SLICE), lambda seed: pytest.fail(f"seed {seed} was run again"))
    assert again == json.loads(json.dumps(found))


@pytest.mark.parametrize(
    "change",
    [{"worst_error": 26}, {"resumed": False}, {"estimated": 3}],
)
def test_what_is_wrong_is_called_so(change):
    good = links.LinkCycle(1, "unplug", False, 250.0, 0, 3.0, 750, 750, 750, 3, True, ())
    assert good.good
    assert not replace(good, **change).good
    exact = replace(good, kind="radio", estimated=0, worst_error=0)
    assert exact.good
    assert not replace(exact, worst_error=1).good
