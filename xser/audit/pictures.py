"""What an audit found, as one picture a corpus: who speaks which emotion, what else tells it, what recordings share."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from xser.audit.findings import Finding
from xser.core.extras import optional
from xser.core.files import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 11.0, 6.6  # inches
MOST_SPEAKERS = 40  # rows of the heat map; further ones are summed up
MOST_PAIRS = 40  # of the strips
COLOURS = {"fine": "#9aa5b1", "note": "#6baed6", "warning": "#fd8d3c", "severe": "#cb181d"}


def corpus_picture(
    path: Path,
    name: str,
    rows: pd.DataFrame,
    measures: pd.DataFrame,
    findings: Sequence[Finding],
    pairs: pd.DataFrame,
) -> None:
    """Draw six panels.

    Speakers by emotions as counts; duration and level by emotion; DC offset and digital silence as recorded by emotion;
    the UAR of classifying the emotion by each single thing, beside chance; and where recordings share a segment.

    Parameters
    ----------
    path
        The PNG file, written whole.
    name
        Of the corpus.
    rows
        ``emotion``, ``speaker``, ``seconds``, ``utterance``.
    measures
        ``level``, ``dc``, ``silence_start``, ``silence_end`` of each row, as recorded.
    findings
        Of the corpus.
    pairs
        From `xser.audit.shared_audio.pairs.shared_pairs`, of this corpus.
    """
    optional("matplotlib", "a picture of the audit")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    FigureCanvasAgg(figure)
    (speakers, duration, level), (probes, offset, strips) = figure.subplots(2, 3)
    figure.suptitle(f"{name}: {len(rows)} recordings", fontsize=10)
    _heat_map(speakers, rows)
    _by_emotion(duration, rows["emotion"], rows["seconds"], "duration in s")
    _by_emotion(level, rows["emotion"], measures["level"], "level in dBFS, as recorded")
    _probes(probes, findings)
    _oddities(offset, rows["emotion"], measures)
    _strips(strips, rows, pairs)
    with whole_file(path) as part:
        figure.savefig(part, dpi=100, format="png", metadata={"Software": None})


def _heat_map(panel: "Axes", rows: pd.DataFrame) -> None:
    counts = pd.crosstab(rows["speaker"].replace("", "unknown"), rows["emotion"])
    prefix = rows["corpus"].iloc[0] + "-"
    hidden = len(counts) - MOST_SPEAKERS
    shown = counts.iloc[:MOST_SPEAKERS]
    panel.imshow(shown, cmap="Blues", aspect="auto", vmin=0)
    small = max(4.0, min(7.0, 130 / len(shown)))
    if len(shown) <= 24:
        most = shown.to_numpy().max()
        for (row, column), number in np.ndenumerate(shown.to_numpy()):
            colour = "white" if number > 0.7 * most else "black"
            panel.text(column, row, number, ha="center", va="center", fontsize=small, color=colour)
    panel.set_xticks(range(shown.shape[1]), shown.columns, fontsize=7, rotation=30, ha="right")
    panel.set_yticks(range(len(shown)), [each.removeprefix(prefix) for each in shown.index], fontsize=small)
    panel.tick_params(length=0)
    more = f", {hidden} speakers more" if hidden > 0 else ""
    panel.set_title(f"recordings of each speaker and emotion{more}", fontsize=8)


def _by_emotion(panel: "Axes", emotions: pd.Series, values: pd.Series, title: str) -> None:
    names = sorted(set(emotions))
    groups = [np.asarray(values)[(emotions == name).to_numpy()] for name in names]
    panel.boxplot(groups, tick_labels=names, whis=(5, 95), showfliers=False, medianprops={"color": "#cb181d"})
    panel.tick_params(axis="x", labelsize=7, length=0, rotation=30)
    panel.tick_params(axis="y", labelsize=7)
    panel.set_title(f"{title} (5, 25, 50, 75, 95 %)", fontsize=8)


def _oddities(panel: "Axes", emotions: pd.Series, measures: pd.DataFrame) -> None:
    """Share of the recordings of each emotion with a DC offset and with digital silence."""
    kinds = {
        "DC offset above 0.1 %": measures["dc"].abs() > 1e-3,
        "digital silence at the start": measures["silence_start"] > 0,
        "digital silence at the end": measures["silence_end"] > 0,
    }
    names = sorted(set(emotions))
    width = 0.8 / len(kinds)
    colours = ("#08519c", "#6baed6", "#bdd7e7")
    for at, (kind, there) in enumerate(kinds.items()):
        shares = [100 * np.mean(there.to_numpy()[(emotions == name).to_numpy()]) for name in names]
        panel.bar(np.arange(len(names)) + (at - 1) * width, shares, width, label=kind, color=colours[at])
    panel.set_xticks(range(len(names)), names, fontsize=7, rotation=30, ha="right")
    panel.tick_params(axis="y", labelsize=7)
    panel.set_ylim(0, 105)
    panel.legend(fontsize=6, frameon=False, ncols=1)
    panel.set_title("% of the recordings, as recorded, with", fontsize=8)


def _probes(panel: "Axes", findings: Sequence[Finding]) -> None:
    """A bar for each thing that the emotion was classified by, the shuffled emotions beside it."""
    probed = [(each, each.value) for each in findings if each.unit == "% UAR" and each.value is not None][::-1]
    for at, (finding, value) in enumerate(probed):
        panel.barh(at, value, color=COLOURS[finding.severity], height=0.7)
        low, high = (finding.details.get(key) for key in ("shuffled_low", "shuffled_high"))
        if low is not None:
            panel.plot([low, high], [at, at], color="black", linewidth=2, solid_capstyle="butt")
        panel.plot([finding.details["chance"]] * 2, [at - 0.35, at + 0.35], color="black", linewidth=1)
    panel.set_yticks(range(len(probed)), [each.name.removesuffix("-emotion") for each, _ in probed], fontsize=7)
    panel.set_xlim(0, 100)
    panel.tick_params(axis="x", labelsize=7)
    panel.tick_params(axis="y", length=0)
    title = "UAR in % of classifying the emotion by one thing\n(upright: chance; black: 95 % of shuffles)"
    panel.set_title(title, fontsize=8)


def _strips(panel: "Axes", rows: pd.DataFrame, pairs: pd.DataFrame) -> None:
    """A strip for each recording of a pair, the shared segment darker; the longest pairs first."""
    panel.set_title(f"pairs of recordings that share a stretch: {len(pairs)}", fontsize=8)
    shown = pairs.sort_values(["seconds", "one", "other"], ascending=[False, True, True]).head(MOST_PAIRS)
    seconds = rows.set_index("utterance")["seconds"]
    for at, pair in enumerate(shown.to_dict("records")):
        for side, shift in (("one", -0.2), ("other", 0.2)):
            whole, start = seconds.get(pair[side], pair[f"start_{side}"] + pair["seconds"]), pair[f"start_{side}"]
            panel.barh(at + shift, whole, height=0.36, color="#d9d9d9")
            panel.barh(at + shift, pair["seconds"], left=start, height=0.36, color=COLOURS["severe"])
    panel.invert_yaxis()
    panel.set_yticks([])
    panel.tick_params(axis="x", labelsize=7)
    panel.set_xlabel("s", fontsize=7)
    if not len(shown):
        panel.text(0.5, 0.5, "none", ha="center", va="center", transform=panel.transAxes, fontsize=8)
    elif len(pairs) > len(shown):
        panel.set_xlabel(f"s; the {len(shown)} longest", fontsize=7)
