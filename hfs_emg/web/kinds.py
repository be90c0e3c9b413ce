"""The kinds table as style: each kind's colour, and a shade of it that can be read on a light and on a dark page."""

from __future__ import annotations

from hfs_emg.events import KINDS

LIGHT_PAGE, DARK_PAGE = "#ffffff", "#14181d"
TEXT_CONTRAST, FILL_CONTRAST = 4.5, 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11, level AA."""


def kinds_css() -> str:
    """`--kind-NAME`: fill; `--kind-NAME-ink`: text of that colour, for both schemes."""
    light = "".join(_pair(row.kind.value, row.colour, LIGHT_PAGE) for row in KINDS.values())
    dark = "".join(_pair(row.kind.value, row.colour, DARK_PAGE) for row in KINDS.values())
    rules = "".join(
        f".kind-{kind.value} {{ --kind: var(--kind-{kind.value}); --kind-ink: var(--kind-{kind.value}-ink); }}\n"
        for kind in KINDS
    )
    return (
        f':root {{\n{light}}}\n@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{\n{dark}}} }}\n'
        f':root[data-theme="dark"] {{\n{dark}}}\n{rules}'
    )


def _pair(name: str, colour: str, page: str) -> str:
    fill, ink = shade(colour, page, FILL_CONTRAST), shade(colour, page, TEXT_CONTRAST)
    return f"  --kind-{name}: {fill}; --kind-{name}-ink: {ink};\n"


def shade(colour: str, page: str, contrast_wanted: float) -> str:
    """The colour, moved towards black on a light page and white on a dark one as far as the contrast needs."""
    towards = 0.0 if luminance(page) > 0.5 else 255.0
    red, green, blue = channels(colour)
    for step in range(21):
        part = step / 20
        moved = _hex(*(c + (towards - c) * part for c in (red, green, blue)))
        if contrast(moved, page) >= contrast_wanted:
            return moved
    return _hex(towards, towards, towards)


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """WCAG's relative luminance, 0 to 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of `#RRGGBB`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(red: float, green: float, blue: float) -> str:
    return f"#{round(red):02x}{round(green):02x}{round(blue):02x}"
