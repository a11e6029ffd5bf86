"""One row per task, encoder, system and evaluated part; and its four forms: terminal, Markdown, CSV, JSON.

Every form is made from the same table, and the same runs give the same bytes.
"""

import importlib.metadata
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from xser import __version__
from xser.core.files import whole_file, write_json
from xser.evidence.figures.intervals import RESAMPLES, interval, speaker_bootstrap, utterance_bootstrap
from xser.evidence.figures.metrics import scores
from xser.evidence.figures.pooled import Setting, regime

RECALL = "recall_"

METHOD = (
    "UAR: mean recall over the emotions that occur in the reference, in %, averaged over seeds; SD: standard deviation "
    f"over seeds; interval: 95 % percentile bootstrap over utterances, {RESAMPLES} resamples, the same for all seeds "
    "(speakers_low, speakers_high: over speakers); folds of a seed are scored as one set."
)


def score_rows(pooled):
    """Score a system on every part it was evaluated on.

    Parameters
    ----------
    pooled : Pooled

    Returns
    -------
    list of dict
        One per evaluated part (``whole``, ``test``); figures in %.
    """
    return [_score_row(pooled, part) for part in pooled.parts]


def _score_row(pooled, part):
    outcomes = pooled.outcomes(part)
    names = np.array(pooled.emotions)
    each = [scores(names[outcomes.reference], names[column], pooled.emotions) for column in outcomes.predicted.T]
    uars = 100 * np.array([one.uar for one in each])
    over_utterances, over_speakers = bootstraps(pooled, part, outcomes.hits)
    low, high = interval(100 * over_utterances[:, 0])
    speakers_low, speakers_high = interval(100 * over_speakers[:, 0])
    return {
        **pooled.setting._asdict(),
        "named_task": pooled.named_task,
        "sources": "+".join(pooled.runs[0].info["sources"]),
        "evaluated_on": part,
        "system": pooled.system,
        "source": pooled.source,
        "uar": uars.mean(),
        "uar_sd": uars.std(ddof=1) if len(uars) > 1 else np.nan,
        "low": low,
        "high": high,
        "speakers_low": speakers_low,
        "speakers_high": speakers_high,
        "macro_f1": 100 * np.mean([one.macro_f1 for one in each]),
        **{RECALL + name: 100 * np.mean([one.recalls[i] for one in each]) for i, name in enumerate(pooled.emotions)},
        "classes": each[0].classes,
        "utterances": len(outcomes.reference),
        "speakers": len(set(outcomes.speakers) - {""}),
        "seeds": " ".join(map(str, pooled.seeds)),
        "folds": len(pooled.folds) if pooled.folds != (0,) else 0,
        "complete": all(run.info["complete"] for run in pooled.runs),
        "made_up": any(run.info["made_up"] for run in pooled.runs),
    }


def bootstraps(pooled, part, hits):
    """Bootstrap UARs over utterances and over speakers, from a random seed that depends on the target and part alone.

    Tasks with one target are tested on the same utterances, so they share their resamples as systems do.

    Parameters
    ----------
    pooled : Pooled
        Gives the references and speakers.
    part : str
    hits : numpy.ndarray (utterances,) or (utterances, systems)

    Returns
    -------
    tuple of numpy.ndarray (resamples, systems)
    """
    outcomes = pooled.outcomes(part)
    seed = zlib.crc32(f"{pooled.setting.target} {part}".encode())
    classes = len(pooled.emotions)
    return (
        utterance_bootstrap(outcomes.reference, hits, classes, seed=seed),
        speaker_bootstrap(outcomes.reference, hits, outcomes.speakers, classes, seed=seed),
    )


def result_table(pooled):
    """Put the scores of all systems in one table.

    Parameters
    ----------
    pooled : list of Pooled
        From `xser.evidence.figures.pooled.pool_runs`.

    Returns
    -------
    pandas.DataFrame
        A row per setting, system and evaluated part. Emotions that a scheme has not, or that do not occur, are NaN.
    """
    return table_of_rows([row for system in pooled for row in score_rows(system)])


def table_of_rows(rows):
    """Put rows of `score_rows` in one table, the recalls of all emotions side by side."""
    frame = pd.DataFrame(rows)
    recalls = [column for column in frame.columns if column.startswith(RECALL)]
    others = [column for column in frame.columns if not column.startswith(RECALL)]
    at = others.index("classes")
    return frame[others[:at] + recalls + others[at:]]


def tables_to_print(table):
    """Lay out the table as a person reads it: one block per setting.

    The test part is shown only where a system knows no other (one trained on the target); the CSV and JSON hold both.

    Parameters
    ----------
    table : pandas.DataFrame
        From `result_table`.

    Returns
    -------
    list of (str, list of str, list of list of str)
        Heading, header and rows of each block.
    """
    blocks = []
    for key, rows in table.groupby(list(Setting._fields), sort=False):
        only_test = set(rows["system"]) - set(rows.loc[rows["evaluated_on"] == "whole", "system"])
        both = bool(only_test) and bool((rows["evaluated_on"] == "whole").any())
        if not only_test:
            rows = rows[rows["evaluated_on"] == "whole"]
        emotions = [column for column in rows.columns if column.startswith(RECALL) and rows[column].notna().any()]
        header = ["system", *(["on"] if both else []), "UAR %", "SD", "macro-F1"]
        header += [column[len(RECALL) :] for column in emotions] + ["n", "speakers"]
        order = rows.sort_values("evaluated_on", ascending=False, kind="stable") if both else rows
        blocks.append(
            (heading(Setting(*key), rows), header, [_cells(row, emotions, both) for _, row in order.iterrows()])
        )
    return blocks


def heading(setting, rows):
    """Say in one line what a block of the table is about."""
    what = setting.task if setting.kind == "zero_shot" else f"{setting.task} by itself"
    split = f"{setting.split} (seed {setting.split_seed})"
    seeds = " / ".join(dict.fromkeys(rows["seeds"]))
    encoder = " ".join(filter(None, [setting.encoder, setting.finetuning]))
    given = f", {setting.hyperparameters}" if setting.hyperparameters else ""
    what = f"{what}, {regime(setting.target_statistics)}"
    return f"{what}: encoder {encoder}, scheme {setting.scheme}, split {split}, training seeds {seeds}{given}"


def _cells(row, emotions, both):
    name = f"{row['system']} ({row['source']})" if row["source"] else row["system"]
    cells = [name, *([row["evaluated_on"]] if both else []), f"{number(row['uar'])} {bounds(row['low'], row['high'])}"]
    cells += [number(row["uar_sd"]), number(row["macro_f1"]), *(number(row[column]) for column in emotions)]
    return cells + [str(row["utterances"]), str(row["speakers"] or "-")]


def number(value):
    """Write a figure in % with one decimal; ``-`` for what there is not.

    Examples
    --------
    >>> number(61.26), number(float("nan"))
    ('61.3', '-')
    """
    return "-" if np.isnan(value) else f"{value:.1f}"


def bounds(low, high):
    """Write an interval.

    Examples
    --------
    >>> bounds(57, 65.44)
    '[57.0, 65.4]'
    """
    return f"[{number(low)}, {number(high)}]"


def signed(value):
    """Write a difference with its sign; what rounds to nothing has none.

    Examples
    --------
    >>> signed(2.04), signed(-0.51), signed(-0.01)
    ('+2.0', '−0.5', '0.0')
    """
    value = round(value, 1)
    return "0.0" if value == 0 else f"{value:+.1f}".replace("-", "−")


def notes(pooled):
    """What a reader must know beside the figures, as sentences: chosen sources, what was left out, made-up data."""
    said = []
    for system in pooled:
        if len(system.candidates) > 1:
            by = ", ".join(f"{source} {100 * uar:.1f}" for source, uar in system.candidates.items())
            said.append(
                f"{system.setting.task}, {system.setting.encoder}: {system.system} is trained on {system.source}, the "
                f"single source chosen by validation (mean UAR over the sources' validation parts: {by})."
            )
    missing = {
        system.setting.target: emotions
        for system in pooled
        if (emotions := [name for name in system.emotions if name not in set(system.utterances["emotion"])])
    }
    for target, emotions in missing.items():
        absent = ", ".join(emotions)
        said.append(f"{target} has no utterance of {absent}: UAR and macro-F1 are means over its other classes.")
    runs = [run for system in pooled for run in system.runs]
    said += [sentence for run in runs for sentence in run.info["left_out"]]
    said += [f"Severe, and allowed: {sentence}." for run in runs for sentence in run.info.get("allowed", [])]
    if not all(run.info["complete"] for run in runs):
        said.append("Some corpora were incomplete: these figures cannot be compared with those of whole corpora.")
    if any(run.info["made_up"] for run in runs):
        said.append("Made-up recordings: these figures show that everything runs, and say nothing about real speech.")
    return list(dict.fromkeys(said))


def versions_of(pooled):
    """Versions of all libraries that the runs were made with, as a line."""
    versions = {}
    for run in (run for system in pooled for run in system.runs):
        for name, version in run.info["versions"].items():
            versions.setdefault(name, {}).setdefault(str(version))
    return ", ".join(f"{name} {' / '.join(found)}" for name, found in sorted(versions.items()))


def commands_of(pooled):
    """The commands that made the runs, each once."""
    return list(dict.fromkeys(run.info["command"] for system in pooled for run in system.runs))


def provenance(pooled, sentences, command, quoted=True):
    """What a Markdown page ends with: what was left out, and how its figures were made.

    Parameters
    ----------
    pooled : list of Pooled
    sentences : list of str
        From `notes`.
    command : str
        The command that made the page; empty when only the runs' commands are known.
    quoted : bool
        Quote the runs' commands too; else it is said where they are.

    Returns
    -------
    list of str
        Headings and paragraphs.
    """
    runs = sum(len(system.runs) for system in pooled)
    commands = list(dict.fromkeys([*(commands_of(pooled) if quoted else []), *([command] if command else [])]))
    each_run = "" if quoted else "command and "
    return [
        "## What was left out, and what else to know",
        "\n".join(f"- {sentence}" for sentence in sentences) or "Nothing was left out.",
        "## How these figures were made",
        f"{runs} runs. Versions: {versions_of(pooled) or 'not recorded'}. Commands:",
        "```\n" + "\n".join(commands) + "\n```",
        f"The JSON file beside this page holds each run's {each_run}fingerprints of data, split and hyperparameters.",
    ]


def text_of(table, sentences):
    """The table for a terminal: fixed width."""
    lines = []
    for title, header, rows in tables_to_print(table):
        first, *widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines.append(title)
        for name, *cells in (header, *rows):
            right = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
            lines.append("  ".join(["", name.ljust(first), *right]))
        lines.append("")
    return "\n".join(lines + ["UAR in % with its 95 % interval over utterances; SD over seeds.", *sentences]) + "\n"


def markdown_of(table, sentences):
    """The table in Markdown."""
    parts = []
    for title, header, rows in tables_to_print(table):
        parts += [f"### {title}", markdown_table(header, rows)]
    said = "\n".join(f"- {sentence}" for sentence in sentences)
    return "\n\n".join([*parts, METHOD, *filter(None, [said])]) + "\n"


def markdown_table(header, rows):
    """A Markdown table, first column to the left, the others to the right."""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    lines = [[cell.replace("|", "\\|") for cell in row] for row in (header, rule, *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_csv(table, path):
    """Write the table as CSV, figures with four decimals."""
    with whole_file(path) as part:
        table.to_csv(part, index=False, float_format="%.4f", lineterminator="\n", encoding="utf-8")


def write_provenance(path, pooled, table, sentences, command, more=None):
    """Write the table as JSON with all that it rests on: commands, versions, fingerprints, seeds, what was left out.

    Each of ``runs`` holds what it does not have in common with all others; that stands once, in ``all_runs``.

    Parameters
    ----------
    path : str or Path
    pooled : list of Pooled
    table : pandas.DataFrame
    sentences : list of str
        From `notes`.
    command : str
        The command that made this table; empty when only the runs' commands are known.
    more : dict, optional
        What else the file holds, by key.
    """
    runs = [{"name": run.name, **_without_places(run.info)} for system in pooled for run in system.runs]
    shared = _in_common(runs)
    candidates = [
        {**system.setting._asdict(), "system": system.system, "chosen": system.source, "validation": system.candidates}
        for system in pooled
        if system.candidates
    ]
    libraries = {name: importlib.metadata.version(name) for name in ("numpy", "pandas", "scikit-learn")}
    write_json(
        path,
        {
            "command": command,
            "versions": {"xser": __version__, **libraries},
            "method": METHOD,
            "notes": sentences,
            "chosen_sources": candidates,
            "rows": records(table),
            "all_runs": shared,
            "runs": [{key: value for key, value in run.items() if key not in shared} for run in runs],
            **(more or {}),
        },
    )


def _in_common(runs):
    """What several runs all say, by key."""
    first = runs[0] if len(runs) > 1 else {}
    return {key: value for key, value in first.items() if all(key in run and run[key] == value for run in runs)}


def _without_places(info):
    """What a run says, without where its encoder lay on one computer: the identity beside it says which it was."""
    source = info.get("encoder_source")
    return {**info, "encoder_source": Path(source).name} if source and Path(source).is_absolute() else info


def records(table):
    """Rows of a table for a JSON file: figures with four decimals, None for what there is not."""
    return table.round(4).astype(object).where(table.notna(), None).to_dict("records")
