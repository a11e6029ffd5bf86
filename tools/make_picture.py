"""Draw docs/xser.png, which says what xser does: python tools/make_picture.py"""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "xser.png"
INK, SOURCE, MODEL, TARGET = "#23313a", "#2a7f86", "#7a5195", "#c4622d"
SOURCES = (("German", "angry"), ("Urdu", "happy"), ("Mandarin", "sad"))
ANSWERS = (("angry", 0.16), ("happy", 0.62), ("neutral", 0.14), ("sad", 0.08))


def main():
    """Draw the picture."""
    figure = Figure(figsize=(10, 3.9), facecolor="white")
    FigureCanvasAgg(figure)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, 10), ylim=(0, 3.9))
    page.set_axis_off()
    for number, (language, emotion) in enumerate(SOURCES):
        down = 2.6 - number * 0.78
        _speech(page, 0.35, down, number, SOURCE)
        page.text(2.15, down + 0.3, language, fontsize=13, color=INK, va="center", weight="bold")
        page.text(2.15, down + 0.04, f"“{emotion}”", fontsize=12, color=SOURCE, va="center")
    page.text(0.35, 3.55, "Speech with labels, in some languages", fontsize=12.5, color=INK, va="center")
    _box(page, 4.05, 1.5, 1.75, 1.1, MODEL)
    page.text(4.92, 2.05, "one model", fontsize=14, color="white", ha="center", va="center", weight="bold")
    _arrow(page, (3.35, 2.05), (3.97, 2.05))
    _arrow(page, (5.88, 2.05), (6.5, 2.05))
    page.plot([6.18, 6.18], [0.35, 3.3], color=TARGET, linewidth=1.6, linestyle=(0, (4, 3)))
    promise = "nothing of the target passes before the end"
    page.text(6.18, 0.16, promise, fontsize=10.5, color=TARGET, ha="center", va="center")
    page.text(6.75, 3.55, "A language it has never heard", fontsize=12.5, color=INK, va="center")
    _speech(page, 6.75, 2.6, 7, TARGET)
    page.text(8.55, 2.9, "French", fontsize=13, color=INK, va="center", weight="bold")
    page.text(8.55, 2.64, "no label", fontsize=12, color=TARGET, va="center")
    for number, (emotion, share) in enumerate(ANSWERS):
        down = 1.92 - number * 0.36
        chosen = share == max(share for _, share in ANSWERS)
        page.barh(down, 2.2 * share / 0.62, height=0.24, left=7.62, color=TARGET if chosen else "#d9d4cf")
        weight = "bold" if chosen else "normal"
        page.text(7.5, down, emotion, fontsize=12, color=INK, ha="right", va="center", weight=weight)
    figure.savefig(PICTURE, dpi=110, metadata={"Software": None})


def _speech(page, left, down, seed, colour):
    """A waveform: syllables of noise."""
    noise = np.random.default_rng(seed)
    time = np.linspace(0, 1, 64)
    loudness = np.abs(np.sin(np.pi * time * (3 + seed % 3))) * np.sin(np.pi * time) ** 0.6
    height = 0.04 + 0.28 * loudness * noise.uniform(0.5, 1, len(time))
    page.vlines(left + 1.6 * time, down + 0.17 - height, down + 0.17 + height, color=colour, linewidth=1.6)


def _box(page, left, down, width, height, colour):
    page.add_patch(FancyBboxPatch((left, down), width, height, boxstyle="round,pad=0,rounding_size=0.14", color=colour))


def _arrow(page, start, end):
    page.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=18, color=INK, linewidth=1.8))


if __name__ == "__main__":
    main()
