"""The report as one HTML page that needs nothing but itself: tables, confusion matrices, pictures of embeddings.

The page has no script and may load nothing (its content security policy forbids it); switches are radio buttons and
CSS.
"""

from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np

from xser import __version__
from xser.core.document import html_template, to_html
from xser.core.words import count
from xser.corpora.description.languages import is_language, language_name
from xser.evidence.figures.pooled import Part, Pooled
from xser.evidence.figures.projection import MOST, SIDE, Projection, projection_of
from xser.evidence.figures.scores import confusion_over_seeds
from xser.evidence.figures.sections import TaskRow
from xser.evidence.pages.confidence import BELOW, HEIGHT, LEFT, WIDTH, risk_curve
from xser.evidence.pages.material import PART_TITLES, Material, commands_of
from xser.evidence.pages.task_tables import TaskSection, legend

# Okabe and Ito's colours, told apart by every kind of colour vision (their yellow is too light for marks on white).
COLOURS = ("#d55e00", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#000000", "#8a8a8a")
# White to dark blue in eleven steps of lightness, for shares of 0 to 100 %.
SHADES = (
    "#f7fbff", "#e8f1fa", "#d9e8f5", "#c9ddf0", "#b2d2e8", "#94c4df", "#73b3d8", "#3d8dc4", "#2474b7", "#125ca4",
    "#08306b",
)  # fmt: skip
TRIANGLE = "l10 17h-20z"  # from its tip


def html_page(material: Material, sections: Sequence[TaskSection]) -> str:
    """Write the page.

    Raises
    ------
    XserError
        When a run's embeddings are damaged.
    """
    emotions = list(dict.fromkeys(name for system in material.pooled for name in system.emotions))
    pictures = _Pictures(emotions)
    shown = [
        {
            "heading": section.title,
            "tables": to_html(section.blocks()),
            "tasks": [_task(row, pictures) for group in section.groups for row in group.rows if row.systems],
        }
        for section in sections
    ]
    template = html_template(resources.files("xser.evidence.pages").joinpath("page.html").read_text("utf-8"))
    return template.render(
        title=material.title,
        version=__version__,
        command=material.command,
        commands=material.commands,
        legend=legend(material.published),
        sections=shown,
        notes=to_html(material.left_out()),
        runs=material.run_count,
        versions=material.versions,
        colours=COLOURS,
        shades=SHADES,
        most=MOST,
        side=SIDE,
        frame={"left": LEFT, "width": WIDTH, "height": HEIGHT, "below": BELOW},
        emotions=emotions,
        languages=[_spoken(code) for code in pictures.languages],
        any_picture=pictures.drawn > 0,
    )


def _spoken(code: str) -> str:
    return language_name(code) if is_language(code) else code


def _task(row: TaskRow, pictures: "_Pictures") -> dict[str, Any]:
    label = row.label if row.label == row.name else f"{row.label} ({row.name})"
    return {"label": label, "systems": [_system(system, pictures) for system in row.systems.values()]}


def _system(system: Pooled, pictures: "_Pictures") -> dict[str, Any]:
    picture, no_picture = pictures.draw(system)
    return {
        "label": system.label,
        "emotions": system.emotions,
        "confusions": [_confusion(system, part) for part in system.parts[::-1]],
        "commands": commands_of([system]),
        "curve": risk_curve(system),
        "picture": picture,
        "no_picture": no_picture,
    }


def _confusion(system: Pooled, part: Part) -> dict[str, Any]:
    counts, uar = confusion_over_seeds(system, part)
    total = counts.sum(axis=1)
    rows = [
        [_share(count, total[at]) if total[at] else None for count in counts[at]] for at in range(len(system.emotions))
    ]
    return {
        "rows": rows,
        "caption": f"{PART_TITLES[part]}, UAR {100 * uar:.1f} %, {count(len(system.seeds), 'seed')}",
    }


def _share(count: int, total: int) -> dict[str, Any]:
    share = count / total
    return {"share": f"{100 * share:.0f}", "count": int(count), "shade": int(np.rint(share * (len(SHADES) - 1)))}


class _Pictures:
    """Draws pictures with one colour for each emotion and language of the whole page."""

    def __init__(self, emotions: list[str]) -> None:
        self.emotions = emotions
        self.languages: list[str] = []
        self.drawn = 0

    def draw(self, system: Pooled) -> tuple[dict[str, Any] | None, str]:
        """The picture of a system, or None and why there is none."""
        if system.setting.kind != "zero_shot":
            return None, "embeddings are kept where a language is unseen"
        projection = projection_of(system)
        if projection is None:
            return None, "no run has kept enough embeddings; to make them, delete a run.json and run stage 3 again"
        self.drawn += 1
        shares = " + ".join(f"{100 * share:.0f} %" for share in projection.explained)
        shown = (projection.rows["part"] == "source").sum()
        caption = (
            f"Seed {projection.run.info.seed}: fitted on {projection.fitted} utterances ({shown} shown), of whose "
            f"variance it holds {shares}; {len(projection.rows) - shown} of the target placed into it."
        )
        parts = [("sources", self._speakers(projection, "source")), ("target", self._speakers(projection, "target"))]
        return {"caption": caption, "parts": parts, "command": projection.run.info.command}, ""

    def _speakers(self, projection: Projection, part: str) -> list[dict[str, Any]]:
        """Marks by speaker: classes, title, and a path for each emotion."""
        marks: dict[tuple[str, str, str], dict[str, list[list[int]]]] = {}
        columns = [projection.rows[name] for name in ("corpus", "language", "speaker", "emotion", "part")]
        for *who, emotion, of, point in zip(*columns, projection.points.tolist(), strict=True):
            if of == part:
                marks.setdefault((who[0], who[1], who[2]), {}).setdefault(emotion, []).append(point)
        speakers = []
        for number, ((corpus, language, speaker), by_emotion) in enumerate(sorted(marks.items())):
            if language not in self.languages:
                self.languages.append(language)
            at = self.languages.index(language) % len(COLOURS)
            speakers.append(
                {
                    "classes": f"l{at} s{number % len(COLOURS)}",
                    "title": f"{speaker or 'unknown speaker'}, {_spoken(language)}, {corpus}",
                    "paths": [
                        (self.emotions.index(emotion) % len(COLOURS), _path(points, part))
                        for emotion, points in sorted(by_emotion.items())
                    ],
                }
            )
        return speakers


def _path(points: Sequence[Sequence[int]], part: str) -> str:
    """Marks as one SVG path: dots (lines of no length with round ends) for sources, triangles for the target."""
    if part == "source":
        return "".join(f"M{x} {y}h0" for x, y in points)
    return "".join(f"M{x} {y - 11}{TRIANGLE}" for x, y in points)
