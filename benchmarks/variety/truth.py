"""What is true of a rendered face: happenings that belong together as one, each with the sites that show it.

Times are the nerve's; the converter delivers the signal 1.5 samples later, as a real board does. Discharges of one side at most 0.5 s
apart are one spasm, phrases and strokes at most 0.5 s apart one speech or meal; a blink that sets a spasm off stays a blink, and the
spasm's own discharges after it are an episode of their own. A spasm that has one site only, or whose other sites have no electrode,
is a twitch labelled `spasm_one_site`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmarks.variety.draws import Floats
from benchmarks.variety.leads import Stretch
from benchmarks.variety.person import SIDES, ZYG, Happening
from benchmarks.variety.units import Layer
from calibration.montage import Montage, Side, Site
from hfs_emg.events import Invalid, Kind, SideName
from hfs_emg.simulation.truth import Place, TrueEpisode, Truth

VISIBLE = 2.5
"""Times the quiet noise of a channel that a muscle's 50 ms RMS must reach there."""
TONIC_S = 1.0
JOINED_S = 0.5
_AROUND_S = 0.02  # potentials outlast their discharge
_SHORTEST_S = 0.004


@dataclass(frozen=True, slots=True)
class Heard:
    """What each channel shows, at the output rate.

    loud_uv: (channels, samples) 50 ms RMS of the muscle under each electrode alone, by what fired; noise_uv: (channels,) RMS of a
    usual second of noise and resting tone, both from 20 Hz on.
    """

    rate_hz: float
    loud_uv: Mapping[Layer, Floats]
    noise_uv: Floats


def joined(happenings: Iterable[Happening]) -> list[Happening]:
    """Those of one kind and side that lie close together made one, in order of their start."""
    found: list[Happening] = []
    latest: dict[tuple[bool, Kind | None, Side | None], int] = {}
    for h in sorted(happenings, key=lambda h: h.start_s):
        ectopic = is_spasm(h)
        key = (ectopic, None if ectopic else h.kind, h.side)
        at = latest.get(key)
        joins = ectopic or h.kind in (Kind.ORAL, Kind.TWITCH)
        if at is not None and joins and h.start_s - found[at].end_s <= JOINED_S:
            found[at] = _together(found[at], h)
        else:
            latest[key] = len(found)
            found.append(h)
    return found


def is_spasm(happening: Happening) -> bool:
    """Whether the ectopic generator made it, in however many sites."""
    return happening.label.startswith("spasm")


def _together(one: Happening, after: Happening) -> Happening:
    sites = tuple(dict.fromkeys((*one.sites, *after.sites)))
    kind, label = one.kind, one.label
    if is_spasm(one) and len(sites) > 1:
        kind = Kind.SPASM
        if label == "spasm_one_site":
            label = "spasm_grouped" if after.label == "spasm_one_site" else after.label
    end_s = max(one.end_s, after.end_s)
    return replace(one, end_s=end_s, kind=kind, sites=sites, label=label, bursts=one.bursts + after.bursts)


class Witness:
    """Says what of a happening can be seen in one recording."""

    def __init__(self, montage: Montage, heard: Heard, spoilt: Sequence[Stretch]) -> None:
        self.montage, self.heard, self.spoilt = montage, heard, spoilt
        self._deaf = [stretch for stretch in spoilt if stretch[3] in ("rail", "lead_off")]

    def episode(self, happening: Happening) -> TrueEpisode | None:
        """None where it happens at no electrode. A clench without one on the masseter bleeds into the cheek's."""
        h = happening
        places = {site: self._channels(h, site) for site in h.sites}
        sites = tuple(site for site, channels in places.items() if channels)
        if not sites and not (h.label == "clench" and any(c.site is ZYG for c in self.montage.channels)):
            return None
        visible = tuple(site.value for site in sites if any(self._shows(h, channel) for channel in places[site]))
        kind, label = h.kind, h.label
        if kind is Kind.SPASM and len(sites) == 1:
            kind, label = Kind.TWITCH, "spasm_one_site"
        tonic = any(b - a >= TONIC_S for a, b in h.bursts)
        return TrueEpisode(
            start_s=round(h.start_s, 5),
            end_s=round(max(h.end_s, h.start_s + _SHORTEST_S), 5),
            kind=kind,
            side=_name(h.side),
            sites=tuple(site.value for site in sites),
            visible_sites=visible,
            form=("tonic" if tonic else "clonic") if kind is Kind.SPASM else None,
            label=label,
        )

    def _channels(self, happening: Happening, site: Site) -> list[int]:
        sides = SIDES if happening.side is None else (happening.side,)
        found = (self.montage.index(side, site) for side in sides)
        return [channel for channel in found if channel is not None]

    def _shows(self, happening: Happening, channel: int) -> bool:
        """Loud enough, on an input that is there for more than half of it."""
        h, rate_hz = happening, self.heard.rate_hz
        deaf_s = sum(
            max(0, min(end_s, h.end_s) - max(start_s, h.start_s))
            for start_s, end_s, channels, _ in self._deaf
            if channel in channels
        )
        if deaf_s >= 0.5 * (h.end_s - h.start_s) + 1e-9:
            return False
        span = slice(int(max(0, h.start_s - _AROUND_S) * rate_hz), int((h.end_s + _AROUND_S) * rate_hz) + 1)
        loud_uv = self.heard.loud_uv["spasm" if is_spasm(h) else "movement"][channel, span]
        return bool(loud_uv.max(initial=0) >= VISIBLE * self.heard.noise_uv[channel])


def truth_of(
    scenario: str,
    seed: int,
    duration_s: float,
    witness: Witness,
    *,
    happenings: Iterable[Happening],
    artefacts: Iterable[tuple[float, float, str]],
) -> Truth:
    """The whole truth of one recording. artefacts: start_s, end_s, label."""
    channels = witness.montage.channels
    episodes = [episode for h in joined(happenings) if (episode := witness.episode(h)) is not None]
    episodes += [
        TrueEpisode(round(a, 5), round(min(b, duration_s), 5), Kind.ARTEFACT, None, (), (), None, label)
        for a, b, label in artefacts
    ]
    invalid = tuple(
        Invalid(round(a, 5), round(min(b, duration_s), 5), tuple(channels[i].label for i in spoilt), why)
        for a, b, spoilt, why in sorted(witness.spoilt, key=lambda stretch: stretch[0])
    )
    places = tuple(Place(c.label, c.side.value, c.site.value) for c in channels)
    in_order = tuple(sorted(episodes, key=lambda e: e.start_s))
    return Truth("hfs-emg/truth/1", scenario, seed, witness.heard.rate_hz, duration_s, places, in_order, invalid)


def _name(side: Side | None) -> SideName:
    if side is None:
        return "both"
    return "left" if side is Side.LEFT else "right"
