"""The colours of all pictures: torchviz's meaning (blue parameters, orange kept values, green results, grey
operations) in tints that keep text readable, and one scale that a colour-blind reader can order."""

# kind: (fill, line); text is INK on all of them, at least 7 to 1
KINDS = {
    "operation": ("#e9e6df", "#8b8577"),
    "module": ("#e9e6df", "#4a463d"),
    "parameter": ("#cfe3f5", "#0072b2"),
    "frozen": ("#ffffff", "#0072b2"),
    "buffer": ("#eef3f6", "#0072b2"),
    "input": ("#eef3f6", "#7b8a93"),
    "saved": ("#fbe3c4", "#b45f06"),
    "output": ("#d5ecd6", "#1b7a3d"),
    "failed": ("#ffffff", "#b00020"),
}
INK, SOFT, PAPER = "#1f2328", "#5b626d", "#ffffff"
GRADIENT = "#a84200"  # what flows back
WARNING = "#b00020"

# Points of cividis (Nuñez, Anderton, Renslow 2018), made to look alike with and without colour-blindness.
_SCALE = ((0, 34, 78), (53, 69, 108), (102, 105, 112), (148, 142, 119), (200, 184, 102), (254, 232, 56))


def on_scale(t):
    """The colour at `t` in 0..1, dark to light, as ``#rrggbb``."""
    t = min(max(t, 0.0), 1.0) * (len(_SCALE) - 1)
    i = min(int(t), len(_SCALE) - 2)
    return "#" + "".join(f"{round(a + (b - a) * (t - i)):02x}" for a, b in zip(_SCALE[i], _SCALE[i + 1], strict=True))


def luminance(color):
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(color):
    """Black or white, whichever is read better on `color`: at least 4.58 to 1 on any."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, color))
