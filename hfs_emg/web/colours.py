"""The colours of every page as style, each said once for light and for dark: those of the palette, and those of the kinds table.

A kind has the table's colour as far as it can be told from the page, and a shade of it that can be read as text.
"""

from __future__ import annotations

from hfs_emg.events import KINDS

PALETTE: dict[str, tuple[str, str]] = {
    "page": ("#ffffff", "#14181d"),
    "panel": ("#f2f5f7", "#1e252c"),
    "line": ("#c3ccd3", "#3b4751"),
    "edge": ("#6b7780", "#8a98a4"),
    "text": ("#16202a", "#e8edf1"),
    "faint": ("#4c5a66", "#b0bcc6"),
    "accent": ("#0b5c8a", "#7cc4ee"),
    "on-accent": ("#ffffff", "#0b1a24"),
    "right": ("#a0307a", "#ee9fd0"),
    "left": ("#1d5fa8", "#8cc0f7"),
    "good": ("#16703c", "#6fd197"),
    "fair": ("#8a5a00", "#f0c04a"),
    "bad": ("#b3261e", "#ff9a90"),
    "warning": ("#fff0c2", "#4a3a08"),
    "on-warning": ("#4a3500", "#ffe9ad"),
}
"""What a colour is for: on a light page, on a dark one."""
LIGHT_PAGE, DARK_PAGE = PALETTE["page"]
TEXT_CONTRAST, FILL_CONTRAST = 4.5, 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11, level AA."""


def colours_css() -> str:
    """`--page` and the like; `--kind-NAME`: fill, `--kind-NAME-ink`: text of that colour. What a browser chose comes before its system."""
    rules = "".join(
        f".kind-{kind.value} {{ --kind: var(--kind-{kind.value}); --kind-ink: var(--kind-{kind.value}-ink); }}\n"
        for kind in KINDS
    )
    dark = _scheme(1)
    return (
        f":root {{\n  color-scheme: light;\n{_scheme(0)}}}\n"
        f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{\n  color-scheme: dark;\n{dark}}} }}\n'
        f':root[data-theme="dark"] {{\n  color-scheme: dark;\n{dark}}}\n{rules}'
    )


def _scheme(which: int) -> str:
    """The properties of the light scheme, 0, or of the dark one, 1."""
    page = PALETTE["page"][which]
    lines = [f"  --{name}: {pair[which]};\n" for name, pair in PALETTE.items()]
    for row in KINDS.values():
        name = f"--kind-{row.kind.value}"
        lines.append(f"  {name}: {shade(row.colour, page, FILL_CONTRAST)};\n")
        lines.append(f"  {name}-ink: {shade(row.colour, page, TEXT_CONTRAST)};\n")
    return "".join(lines)


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
