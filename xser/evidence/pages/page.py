"""The report as one HTML page that needs nothing but itself: tables, confusion matrices, pictures of embeddings.

The page has no script and may load nothing (its content security policy says so); switches are radio buttons and CSS.
"""

from importlib import resources

import numpy as np

from xser import __version__
from xser.core.extras import optional
from xser.corpora.description.languages import is_language, language_name
from xser.evidence.figures.projection import MOST, SIDE, projection_of
from xser.evidence.pages.forms import comparison_notes, legend
from xser.evidence.pages.pictures import PART_TITLES, confusion_over_seeds
from xser.evidence.pages.sections import facts, headings
from xser.evidence.pages.tables import versions_of

# Okabe and Ito's colours, told apart by every kind of colour vision (their yellow is too light for marks on white).
COLOURS = ("#d55e00", "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#000000", "#8a8a8a")
# White to dark blue in eleven steps of lightness, for shares of 0 to 100 %.
SHADES = (
    "#f7fbff", "#e8f1fa", "#d9e8f5", "#c9ddf0", "#b2d2e8", "#94c4df", "#73b3d8", "#3d8dc4", "#2474b7", "#125ca4",
    "#08306b",
)  # fmt: skip
TRIANGLE = "l10 17h-20z"  # from its tip


def html_page(title, contents, published, pooled, sentences, command, commands):
    """Write the page.

    Parameters
    ----------
    title : str
    contents : list of (Section, dict, list of TableGroup)
        Each with its systems by task.
    published : Published or None
    pooled : list of Pooled
        All systems.
    sentences : list of str
        From `xser.evidence.pages.tables.notes`.
    command : str
        The command that wrote the page.
    commands : list of str
        Those that made the runs.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    XserError
        When a run's embeddings are damaged.
    """
    jinja2 = optional("jinja2", "the page of the report")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(resources.files("xser.evidence.pages").joinpath("page.html").read_text("utf-8"))
    emotions = list(dict.fromkeys(name for system in pooled for name in system.emotions))
    pictures = _Pictures(emotions)
    titles = headings(section for section, _, _ in contents)
    sections = [
        {
            "heading": titles[section],
            "facts": facts(section, columns),
            "groups": [{"notes": comparison_notes(group, published), "tables": group.tables} for group in groups],
            "tasks": [_task(row, pictures) for group in groups for row in group.rows if row.systems],
        }
        for section, columns, groups in contents
    ]
    return template.render(
        title=title,
        version=__version__,
        command=command,
        commands=commands,
        legend=legend(published),
        sections=sections,
        sentences=sentences,
        runs=sum(len(system.runs) for system in pooled),
        versions=versions_of(pooled),
        colours=COLOURS,
        shades=SHADES,
        most=MOST,
        side=SIDE,
        emotions=emotions,
        languages=[_spoken(code) for code in pictures.languages],
        any_picture=pictures.drawn > 0,
    )


def _spoken(code):
    return language_name(code) if is_language(code) else code


def _task(row, pictures):
    label = row.label if row.label == row.name else f"{row.label} ({row.name})"
    return {"label": label, "systems": [_system(system, pictures) for system in row.systems.values()]}


def _system(system, pictures):
    picture, no_picture = pictures.draw(system)
    return {
        "label": system.label,
        "emotions": system.emotions,
        "confusions": [_confusion(system, part) for part in system.parts[::-1]],
        "commands": list(dict.fromkeys(run.info["command"] for run in system.runs)),
        "picture": picture,
        "no_picture": no_picture,
    }


def _confusion(system, part):
    counts, uar = confusion_over_seeds(system, part)
    total = counts.sum(axis=1)
    rows = [
        [_share(count, total[at]) if total[at] else None for count in counts[at]] for at in range(len(system.emotions))
    ]
    seeds = f"{len(system.seeds)} seed{'s' if len(system.seeds) > 1 else ''}"
    return {"rows": rows, "caption": f"{PART_TITLES[part]}, UAR {100 * uar:.1f} %, {seeds}"}


def _share(count, total):
    share = count / total
    return {"share": f"{100 * share:.0f}", "count": int(count), "shade": int(np.rint(share * (len(SHADES) - 1)))}


class _Pictures:
    """Draws pictures with one colour for each emotion and language of the whole page."""

    def __init__(self, emotions):
        self.emotions = emotions
        self.languages = []
        self.drawn = 0

    def draw(self, system):
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
            f"Seed {projection.run.info['seed']}: fitted on {projection.fitted} utterances ({shown} shown), of whose "
            f"variance it holds {shares}; {len(projection.rows) - shown} of the target placed into it."
        )
        parts = [("sources", self._speakers(projection, "source")), ("target", self._speakers(projection, "target"))]
        return {"caption": caption, "parts": parts, "command": projection.run.info["command"]}, ""

    def _speakers(self, projection, part):
        """Marks by speaker: classes, title, and a path for each emotion."""
        marks = {}
        rows = projection.rows[["corpus", "language", "speaker", "emotion", "part"]].itertuples(index=False)
        for row, point in zip(rows, projection.points.tolist(), strict=True):
            if row.part == part:
                marks.setdefault(tuple(row[:3]), {}).setdefault(row.emotion, []).append(point)
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


def _path(points, part):
    """Marks as one SVG path: dots (lines of no length with round ends) for sources, triangles for the target."""
    if part == "source":
        return "".join(f"M{x} {y}h0" for x, y in points)
    return "".join(f"M{x} {y - 11}{TRIANGLE}" for x, y in points)
