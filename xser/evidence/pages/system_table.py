"""The small table: a row a system, a block for each setting."""

from collections.abc import Sequence

import pandas as pd

from xser.core.document import Table
from xser.evidence.figures.intervals import RESAMPLES
from xser.evidence.figures.pooled import Setting, regime
from xser.evidence.figures.scores import RECALL
from xser.evidence.pages.wording import bounds, number

METHOD = (
    "UAR: mean recall over the emotions that occur in the reference, in %, averaged over seeds; SD: standard deviation "
    f"over seeds; interval: 95 % percentile bootstrap over utterances, {RESAMPLES} resamples, the same for all seeds "
    "(speakers_low, speakers_high: over speakers); folds of a seed are scored as one set."
)
SHORT_METHOD = "UAR in % with its 95 % interval over utterances; SD over seeds."


def system_tables(scores: pd.DataFrame) -> list[Table]:
    """Lay out the table as a person reads it: one block per setting.

    The test part is shown only where a system knows no other (one trained on the target); the CSV and JSON hold both.

    Parameters
    ----------
    scores
        From `xser.evidence.figures.scores.score_table`.
    """
    tables = []
    for _, rows in scores.groupby(list(Setting._fields), sort=False):
        setting = Setting(**{field: rows[field].iloc[0] for field in Setting._fields})
        only_test = set(rows["system"]) - set(rows.loc[rows["evaluated_on"] == "whole", "system"])
        both = bool(only_test) and bool((rows["evaluated_on"] == "whole").any())
        if not only_test:
            rows = rows[rows["evaluated_on"] == "whole"]
        emotions = [column for column in rows.columns if column.startswith(RECALL) and rows[column].notna().any()]
        header = ["system", *(["on"] if both else []), "UAR %", "SD", "macro-F1"]
        header += [column[len(RECALL) :] for column in emotions] + ["n", "speakers"]
        order = rows.sort_values("evaluated_on", ascending=False, kind="stable") if both else rows
        cells = [_cells(row, emotions, both) for _, row in order.iterrows()]
        tables.append(Table(header, cells, title=_heading(setting, rows)))
    return tables


def _heading(setting: Setting, rows: pd.DataFrame) -> str:
    """In one line what a block of the table is about."""
    what = setting.task if setting.kind == "zero_shot" else f"{setting.task} by itself"
    split = f"{setting.split} (seed {setting.split_seed})"
    seeds = " / ".join(dict.fromkeys(rows["seeds"]))
    encoder = " ".join(filter(None, [setting.encoder, setting.finetuning]))
    given = f", {setting.hyperparameters}" if setting.hyperparameters else ""
    what = f"{what}, {regime(setting.target_statistics)}"
    return f"{what}: encoder {encoder}, scheme {setting.scheme}, split {split}, training seeds {seeds}{given}"


def _cells(row: pd.Series, emotions: Sequence[str], both: bool) -> list[str]:
    name = f"{row['system']} ({row['source']})" if row["source"] else row["system"]
    cells = [name, *([row["evaluated_on"]] if both else []), f"{number(row['uar'])} {bounds(row['low'], row['high'])}"]
    cells += [number(row["uar_sd"]), number(row["macro_f1"]), *(number(row[column]) for column in emotions)]
    return cells + [str(row["utterances"]), str(row["speakers"] or "-")]
