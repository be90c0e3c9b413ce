"""Islands are put into context together or one after another: it must not show."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.montage import Site
from hfs_emg.analysis.context import Context, Looked
from hfs_emg.analysis.kinds import CLASSES


def some_atoms(seed: int, per_island: list[int]) -> Looked:
    """Atoms of islands that follow one another closely, some of them overlapping, some silent."""
    rng = np.random.default_rng(seed)
    island = np.repeat(np.arange(len(per_island)), per_island)
    start = 5.0 + 1.2 * island + rng.uniform(0, 1.0, len(island))
    times = np.stack([start, start + rng.uniform(0.03, 0.8, len(island))], axis=1)
    looks = rng.dirichlet(np.full(len(CLASSES), 0.3), len(island))
    patterns = rng.exponential(20.0, (len(island), len(Site))) * (rng.random((len(island), 1)) > 0.1)
    return Looked(times, rng.integers(0, 3, len(island)), looks, patterns)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000),
    per_island=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    cuts=st.sets(st.integers(1, 7)),
)
def test_islands_together_are_what_they_are_one_by_one(seed: int, per_island: list[int], cuts: set[int]) -> None:
    atoms = some_atoms(seed, per_island)
    ends = np.cumsum(per_island).tolist()
    rows = [slice(end - own, end) for end, own in zip(ends, per_island, strict=True)]
    single = Context()
    expected = np.concatenate([single.measure(atoms.of(np.arange(len(atoms.times))[own])) for own in rows])
    together = Context()
    found = []
    edges = [0, *sorted(cut for cut in cuts if cut < len(rows)), len(rows)]
    for first, last in pairwise(edges):
        begin, end = rows[first].start, rows[last - 1].stop
        shifted = [slice(own.start - begin, own.stop - begin) for own in rows[first:last]]
        found.append(together.measure(atoms.of(np.arange(begin, end)), shifted))
    np.testing.assert_array_equal(np.concatenate(found), expected)


def test_no_atoms_are_no_context() -> None:
    assert len(Context().measure(Looked.none())) == 0
