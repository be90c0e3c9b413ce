"""docs/reliability.md from results: every number and verdict in it is made here, none is typed by hand."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.reliability.links import INTERRUPTIONS
from benchmarks.reliability.results import Result
from firmware_bridge.faults import FAULTS

Results = Sequence[Result]
Lines = Iterator[str]

DAY_H = 24.0
TITLES = {
    "kills": "Recorder processes killed at a random moment, fed as fast as the disk takes it",
    "commands": "`hfs-emg record` on a pseudo-terminal killed in its first seconds",
    "damage": "Session folders torn, cut, flipped or overwritten at a random place",
    "links": "Links interrupted, in virtual time",
    "idle": "A link on which nothing comes",
    "clock": "The sample clock over a long time, in virtual time",
    "day": "The whole live service with random faults, in virtual time",
}
INTRODUCTION = """\
# Reliability: what was broken on purpose, and what was lost

Written by `make reliability`; no number on this page was typed by hand. `make reliability PART=kills` runs one part (kills, commands,
damage, links, idle, clock, day, modes, page); what was done is kept in `benchmarks/.cache/reliability` and not done again, so a run may be
broken off at any moment. `make test` runs a slice of each. How links heal and losses are counted: [links.md](links.md); what a session
folder survives: [session-format.md](session-format.md). Everything was measured with emulated boards and simulated faces.
"""


def page(results: Mapping[str, Results], planned: Mapping[str, int], links_page: str) -> str:
    """The whole page. planned: how many trials make a full run of each part. links_page: the table of failure modes."""
    lines = [INTRODUCTION, "## What was run", "", *_what_was_run(results, planned), ""]
    for name, section in SECTIONS.items():
        if results.get(name):
            lines += [f"## {TITLES[name]}", "", *section(results[name]), ""]
    lines += ["## Fault matrix", "", *_matrix(results.get("modes", ()), failure_modes(links_page))]
    return "\n".join(lines).rstrip() + "\n"


def _what_was_run(results: Mapping[str, Results], planned: Mapping[str, int]) -> Lines:
    yield "| part | done | of | right | wrong | date | commit | machine |"
    yield "|---|---|---|---|---|---|---|---|"
    whole = {name: [r for r in results.get(name, ()) if r.get("hours", DAY_H) >= DAY_H] for name in planned}
    for name, full in planned.items():
        right = sum(r["ok"] for r in whole[name])
        stamps = _stamps(whole[name])
        yield f"| {name} | {len(whole[name])} | {full} | {right} | {len(whole[name]) - right} | {stamps} |"
    missing = [name for name, full in planned.items() if len(whole[name]) < full]
    short = [r for name in planned for r in results.get(name, ()) if r not in whole[name]]
    yield ""
    if missing:
        yield f"Not run in full: {', '.join(missing)}."
    for r in short:
        yield f"Shorter than a day, and shown below: {r['what']}, {r['hours']:g} hours ({_stamps([r]).replace(' | ', ', ')})."
    if not missing:
        yield "Everything was run in full."
    for name, found in results.items():
        wrong = [str(r["seed"]) for r in found if not r["ok"]]
        if wrong:
            yield f"Wrong in {name}: seeds {', '.join(wrong)}."


def _stamps(found: Results) -> str:
    def listed(key: str) -> str:
        return ", ".join(sorted({str(r[key]) for r in found if key in r})) or "-"

    cores = listed("cores")
    return f"{listed('date')} | {listed('commit')} | {cores + ' cores' if cores != '-' else '-'}"


def _wrapped(text: str, indent: str = "") -> Lines:
    """A paragraph or item in lines that fit a terminal."""
    yield from textwrap.wrap(text, 140, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _killed(found: Results) -> Lines:
    acknowledged = [r for r in found if r["acknowledged_s"] > 0]
    yield from _wrapped(
        f"{len(found)} kills, {len(acknowledged)} of them with something acknowledged, "
        f"{_hours(sum(r['acknowledged_s'] for r in found))} of signal in all. "
        f"At most {max(r['lost_s'] for r in found):g} s of what was acknowledged "
        f"was lost in any of them; "
        f"{_hours(sum(r['recovered_s'] for r in found))} came back."
    )
    for r in found:
        if not r["ok"]:
            yield from _wrapped(
                f"- Wrong, seed {r['seed']}: {r['acknowledged_s']:g} s acknowledged, {r['recovered_s']:g} s right. {' '.join(r['damage'])}"
            )


def _damaged(found: Results) -> Lines:
    by_kind: dict[str, list[Result]] = defaultdict(list)
    for r in found:
        by_kind[r["what"].partition(": ")[2]].append(r)
    wrong = sum(r.get("wrong_samples", 0) for r in found)
    yield from _wrapped(
        f"{len(found)} folders. Samples that came back with another value: {wrong}. What the damage did not touch came back, but for "
        f"{max(r['lost_s'] for r in found):g} s in the worst."
    )
    yield ""
    yield "| damage | folders | right | most lost of what was not touched |"
    yield "|---|---|---|---|"
    for kind in sorted(by_kind):
        of_kind = by_kind[kind]
        yield f"| {kind} | {len(of_kind)} | {sum(r['ok'] for r in of_kind)} | {max(r['lost_s'] for r in of_kind):g} s |"


def _interrupted(found: Results) -> Lines:
    torn = sum(r["what"] == "unplug" for r in found)
    yield f"{len(found)} cycles, {torn} of them unplugged and plugged in again. A sample's place is off by at most so many samples:"
    yield ""
    yield "| kind | cycles | right | longest away | samples lost | worst place | counted |"
    yield "|---|---|---|---|---|---|---|"
    for kind, told in INTERRUPTIONS.items():
        rows = [r for r in found if r["what"] == kind]
        if rows:
            yield (
                f"| {kind} | {len(rows)} | {sum(r['ok'] for r in rows)} | {max(r['away_s'] for r in rows):.0f} s | "
                f"{sum(r['truly_lost'] for r in rows)} | {max(r['worst_error'] for r in rows)} | "
                f"{'exactly' if told.counter_runs_on else 'an estimate, within 25'} |"
            )


def _clock(found: Results) -> Lines:
    for r in found:
        yield from _wrapped(
            f"- {r['hours']:g} h, the wall clock set {r['steps']} times: a sample's UTC is right within {1000 * r['worst_s']:.2f} ms, "
            f"its boot time within {1000 * r['worst_boot_s']:.2f} ms, the rate within {100 * r['rate_error']:.4f} %.",
            "  ",
        )


def _idle(found: Results) -> Lines:
    yield from _wrapped(
        "`hfs-emg record` in a process of its own, watched from half a minute after the last sample on; asked is less than 0.5 % of a core."
    )
    yield ""
    yield "| silence | of one core | wake-ups a second | watched |"
    yield "|---|---|---|---|"
    for r in found:
        yield f"| {r['what']} | {100 * r['cpu_share']:.2f} % | {r['wakeups_per_s']:.0f} | {r['watched_s']:.0f} s |"


def _day(found: Results) -> Lines:
    for r in found:
        memory = r["memory_mb"]
        yield from _wrapped(
            f"- {r['hours']:g} h, {r['faults']} scripted faults, {r['restarts']} restarts of the counter, {r['samples']} samples. Lost "
            f"{r['lost']} as recorded, {r['truly_lost']} in truth; {r['estimated']} of them an estimate, of which the worst was off by "
            f"{r['worst_estimate']} samples. Every sample {'is' if r['accounted'] else 'is NOT'} accounted for. "
            f"Memory {min(memory):.0f} to {max(memory):.0f} MB, {r['grown_mb']:+.1f} MB after the first fifth. "
            f"The findings {'are' if r['identical'] else 'are NOT'}, bit for bit, those of the recording analysed afterwards.",
            "  ",
        )
        yield from _wrapped(
            "  Beside the same signal undisturbed, each sample at the place that the recording gives it, a finding is the same when kind "
            "and side are and its edges lie within one sample. The "
            "analyser learns from what it hears: its noise floor is of the last 20 s of quiet, its balance of the two sides of the last "
            "12 s of two-sided movement, its habits of a face fade with 180 s. After a gap it knows something else than without it, until "
            "all of that was heard again; outside the gaps is what lies more than a quarter of an hour after one:",
            "  ",
        )
        yield ""
        yield "| since the last gap | undisturbed | the same | others found |"
        yield "|---|---|---|---|"
        parts = r["compared"]
        for part, after in zip(parts, [*parts[1:], None], strict=True):
            until = f"to {after['since_s']:.0f} s" if after else "s and more"
            yield f"| {part['since_s']:.0f} {until} | {part['true']} | {part['same']} | {part['others']} |"


SECTIONS = {
    "kills": _killed,
    "commands": _killed,
    "damage": _damaged,
    "links": _interrupted,
    "idle": _idle,
    "clock": _clock,
    "day": _day,
}


def failure_modes(links_page: str) -> dict[int, tuple[str, str, str]]:
    """Failure, what happens, what the user sees, by number: the table of docs/links.md."""
    rows = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \| (.+?) \|$", links_page, re.MULTILINE)
    return {int(number): (failure, happens, seen) for number, failure, happens, seen in rows}


def _matrix(found: Results, modes: Mapping[int, tuple[str, str, str]]) -> Lines:
    yield from _wrapped(
        "One row per failure mode. What fails and what the user sees stand in [links.md](links.md), with what happens then; how it was "
        "provoked, what was lost and whether it ended as it should come from the tests of that number in `tests/failure_modes`, run for "
        "this page. A dash: no session is recorded in them."
    )
    yield ""
    if not found:
        yield "The tests were not run for this page: `make reliability PART=modes`."
        return
    right, tests = sum(r["ok"] for r in found), sum(r["tests"] for r in found)
    yield f"{right} of {len(modes)} rows right, {tests} tests; {_stamps(found).replace(' | ', ', ')}."
    yield ""
    yield "| # | failure | provoked by | seen by the user | lost in the tests | tests |"
    yield "|---|---|---|---|---|---|"
    by_number = {r["seed"]: r for r in found}
    for number, (failure, _happens, seen) in modes.items():
        r = by_number.get(number)
        if r is None:
            yield f"| {number} | {failure} | | {_short(seen)} | | **not run** |"
        else:
            verdict = str(r["tests"]) if r["ok"] else f"**{len(r['failed'])} of {r['tests']} wrong**"
            yield f"| {number} | {failure} | {_provoked(r)} | {_short(seen)} | {_lost(r['lost'])} | {verdict} |"
    faults = sorted({name for r in found for name in r["faults"]})
    yield ""
    yield "The emulator's faults named above:"
    yield ""
    for name in faults:
        yield f"- `{name}`: {FAULTS[name].meaning}"


def _short(seen: str) -> str:
    """The first sentence that is seen, and as much of it as a row can hold."""
    first = seen.split('", "', maxsplit=1)[0]
    first += '"' if first.count('"') % 2 else ""
    return first if len(first) <= 70 else first[:68].rsplit(" ", 1)[0] + ' …"'


def _provoked(r: Result) -> str:
    """The emulator's faults, else what its tests call it."""
    names = [f"`{name}`" for name in r["faults"]]
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return ", ".join(names) or str(r["scenes"][0])


def _lost(recordings: Sequence[Sequence[int]]) -> str:
    """The span of what the recordings of a row lost, and how it was counted."""
    if not recordings:
        return "-"
    lost = [one[0] for one in recordings]
    if not any(lost):
        return "nothing"
    span = f"{min(lost)} to {max(lost)}" if min(lost) < max(lost) else f"{lost[0]}"
    estimated = {bool(one[1]) for one in recordings if one[0]}
    how = "exact" if estimated == {False} else "an estimate" if estimated == {True} else "exact or an estimate"
    return f"{span} samples, {how}"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds:.0f} s"
