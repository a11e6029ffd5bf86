"""Confusion matrices, one panel per system, as a PNG."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xser.core.extras import DISTRIBUTION, is_installed
from xser.core.files import whole_file
from xser.core.words import count
from xser.evidence.figures.pooled import Pooled, Setting
from xser.evidence.figures.scores import confusion_over_seeds
from xser.evidence.pages.material import PART_TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

logger = logging.getLogger(__name__)

# Inches: a panel, what lies around it (left: emotion names, below: emotion names, above: title), and the margin.
PANEL, LEFT, BELOW, ABOVE, MARGIN = 2.1, 0.25, 0.75, 0.62, 0.1
NAMES = 0.65  # inches for the emotion names left of each row
LONG_TASK = 36  # characters that fit over a panel


def confusion_picture(path: Path, pooled: Sequence[Pooled]) -> None:
    """Draw what is taken for what: one panel per system, one row of panels per setting.

    Cells are shares of their row, so that the diagonal is the recall of each emotion, with the count of utterances over
    all seeds below. Light to dark of one hue, which every kind of colour vision can read. Settings with a single system
    share rows.

    Parameters
    ----------
    path
        The PNG file, written whole; without matplotlib a line says that there is none.
    pooled
        Each is drawn on the whole target where it was evaluated on it, else on the test part.
    """
    if not is_installed("matplotlib"):
        logger.warning("no %s: for pictures pip install '%s[report]'", path.name, DISTRIBUTION)
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = _rows_of_panels(pooled)
    width = NAMES + max(map(len, rows)) * (LEFT + PANEL) + MARGIN
    height = len(rows) * (ABOVE + PANEL + BELOW) + MARGIN
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)  # a canvas of our own: no display is asked for, no global state is touched
    for down, systems in enumerate(rows):
        bottom = height - (down + 1) * (ABOVE + PANEL + BELOW) + BELOW
        for right, system in enumerate(systems):
            left = NAMES + right * (LEFT + PANEL)
            panel = figure.add_axes((left / width, bottom / height, PANEL / width, PANEL / height))
            _panel(panel, system, first=right == 0)
    with whole_file(path) as part:
        figure.savefig(part, dpi=120, format="png", metadata={"Software": None})


def _rows_of_panels(pooled: Sequence[Pooled]) -> list[list[Pooled]]:
    """One row per setting; settings of one encoder with a single system stand side by side."""
    settings: dict[Setting, list[Pooled]] = {}
    for system in pooled:
        settings.setdefault(system.setting, []).append(system)
    columns = max(4, *map(len, settings.values()))
    rows: list[list[Pooled]] = []
    unfilled: dict[tuple[str, str, tuple[str, ...]], list[Pooled]] = {}
    for setting, systems in settings.items():
        alike = (setting.kind, setting.encoder, systems[0].emotions)
        row = unfilled.pop(alike, None) if len(systems) == 1 else None
        if row is None:
            row = []
            rows.append(row)
        row += systems
        if len(systems) == 1 and len(row) < columns:
            unfilled[alike] = row
    return rows


def _panel(panel: "Axes", system: Pooled, first: bool) -> None:
    part = system.parts[0]
    counts, uar = confusion_over_seeds(system, part)
    total = counts.sum(axis=1, keepdims=True)
    share = counts / np.where(total > 0, total, np.nan)
    panel.imshow(np.nan_to_num(share), cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        text = f"{100 * share[row, column]:.0f} %\n{counts[row, column]}" if total[row, 0] else "–"
        dark = total[row, 0] and share[row, column] > 0.7
        panel.text(column, row, text, ha="center", va="center", fontsize=7.5, color="white" if dark else "black")
    ticks = range(len(system.emotions))
    panel.set_xticks(ticks, system.emotions, fontsize=8, rotation=30, ha="right", rotation_mode="anchor")
    panel.set_yticks(ticks, system.emotions if first else [""] * len(ticks), fontsize=8)
    panel.tick_params(length=0)
    panel.set_xlabel("predicted", fontsize=8)
    if first:
        panel.set_ylabel("reference", fontsize=8)
    task = system.setting.task
    task = task if len(task) <= LONG_TASK else task.replace("-to-", "\n-to-")
    seeds = count(len(system.seeds), "seed")
    title = f"{task}\n{system.label}, {system.setting.encoder}\nUAR {100 * uar:.1f} %, {PART_TITLES[part]}, {seeds}"
    panel.set_title(title, fontsize=7.5, pad=4)
