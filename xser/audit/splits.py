"""What the parts of a split have in common, and which are too small to judge a system by.

A split is looked at as it is reported on: what the part ``test`` shares with the part ``train`` makes the figure of the
one a figure of the other. What ``valid`` shares with either only helps to choose an epoch.
"""

import itertools
from collections.abc import Sequence

import pandas as pd

from xser.audit.findings import Case, Finding, Severity
from xser.audit.shared_audio.pairs import is_near_duplicate, same_digest
from xser.audit.small_groups import small_groups
from xser.core.rows import PARTS
from xser.core.words import count
from xser.corpora.description.languages import close_kin, language_name

DISJOINT = ("speaker", "loso", "folds")  # the splits that promise other speakers in the part test


def split_findings(tables: Sequence[pd.DataFrame], pairs: pd.DataFrame, split: str) -> list[Finding]:
    """Look at what the parts of a split share: severe where the part test of a fold is spoiled by its part train.

    Parameters
    ----------
    tables
        A table for each fold, one without folds: ``utterance``, ``speaker``, ``text``, ``digest``, ``emotion``,
        ``part``.
    pairs
        From `xser.audit.shared_audio.pairs.shared_pairs`.
    split
        Its name as in ``--split``; empty when nobody knows.
    """
    near = is_near_duplicate(pairs)
    return [
        _shared_values(tables, "speaker", "split-speakers", split.partition(":")[0] in DISJOINT),
        _shared_values(tables, "text", "split-texts", False),
        _shared_pairs(tables, same_digest(tables[0]), "split-duplicates", "are the same recording"),
        _shared_pairs(tables, pairs[near], "split-near-duplicates", "are nearly the same recording"),
        _shared_pairs(tables, pairs[~near], "split-stretches", "share a stretch of a second or more"),
        _small_parts(tables),
    ]


def _shared_values(tables: Sequence[pd.DataFrame], column: str, name: str, disjoint: bool) -> Finding:
    """Speakers or texts of the part test that the part train has too, in the fold that has most of them."""
    what = f"{column}s"
    if not (tables[0][column] != "").any():
        severity: Severity = "note" if column == "speaker" else "fine"
        return Finding(name, severity, None, what, f"{what} are unknown: nobody knows which of them the parts share")
    shared = {part: max((_common(table, column, part) for table in tables), key=len) for part in ("valid", "test")}
    number = len(shared["test"])
    total = max(table.loc[(table["part"] == "test") & (table[column] != ""), column].nunique() for table in tables)
    details = {f"{part}_shared_with_train": len(values) for part, values in shared.items()}
    cases = tuple({column: value} for value in sorted(shared["test"]))
    if not number:
        return Finding(name, "fine", 0, what, f"train and test share no {what}", (), details)
    sentence = f"{number} of {total} {what} of the part test are in the part train too"
    if column == "speaker":
        severity = "severe" if disjoint else "warning"
        sentence += ", although the split promises others" if disjoint else ": the figure is not one of new speakers"
    else:
        severity = "note"
        sentence += ": text-emotion says whether that matters"
    return Finding(name, severity, number, what, sentence, cases, details)


def _common(table: pd.DataFrame, column: str, part: str) -> set[str]:
    known = table[table[column] != ""]
    return set(known.loc[known["part"] == "train", column]) & set(known.loc[known["part"] == part, column])


def _shared_pairs(tables: Sequence[pd.DataFrame], pairs: pd.DataFrame, name: str, what: str) -> Finding:
    """Pairs of recordings on two sides of a split."""
    crossing: dict[tuple[str, ...], list[Case]] = {}
    for fold, table in enumerate(tables, start=1):
        part = pd.Series(table["part"].to_numpy(), index=table["utterance"])
        mine = pairs[pairs["one"].isin(part.index) & pairs["other"].isin(part.index)]
        parts = zip(mine["one"].map(part), mine["other"].map(part), strict=True)
        for row, (one, other) in zip(mine.to_dict("records"), parts, strict=True):
            if one != other:
                between = tuple(sorted((one, other), key=PARTS.index))
                where = {"fold": fold} if len(tables) > 1 else {}
                crossing.setdefault(between, []).append({**row, "part_one": one, "part_other": other, **where})
    spoiled = crossing.get(("train", "test"), [])
    details = {f"{one}_and_{other}": _distinct(cases) for (one, other), cases in sorted(crossing.items())}
    cases = tuple(case for between in sorted(crossing) for case in crossing[between])
    if spoiled:
        number = _distinct(spoiled)
        tested = {case["one"] if case["part_one"] == "test" else case["other"] for case in spoiled}
        sentence = (
            f"{count(number, 'pair')} of recordings of train and test {what}: "
            f"{count(len(tested), 'test recording')} {'is' if len(tested) == 1 else 'are'} known from training"
        )
        return Finding(name, "severe", number, "pairs", sentence, cases, details | {"test_recordings": len(tested)})
    if cases:
        number = sum(details.values())
        return Finding(name, "warning", number, "pairs", f"{count(number, 'pair')} beside valid {what}", cases, details)
    return Finding(name, "fine", 0, "pairs", f"no two recordings on two sides of the split {what}")


def _distinct(cases: Sequence[Case]) -> int:
    return len({(case["one"], case["other"]) for case in cases})


def _small_parts(tables: Sequence[pd.DataFrame]) -> Finding:
    """Parts that are too small to judge; of folds, the parts test together, as they are reported on."""
    rows = tables[0]
    if len(tables) > 1:
        rows = pd.concat([table[table["part"] == "test"] for table in tables], ignore_index=True)
    cases = tuple(case for case in small_groups(rows, rows["part"]).cases if "part" in case)
    name, unit = "split-small-groups", "groups"
    if not cases:
        return Finding(name, "fine", 0, unit, "no part is too small to judge")
    misleading = [case for case in cases if "emotion" in case]
    worst = max(misleading or cases, key=lambda case: case.get("points", 100))
    group = f"emotion {worst['emotion']} in the part {worst['part']}" if misleading else f"the part {worst['part']}"
    more = f" (and {count(len(cases) - 1, 'group')} more)" if len(cases) > 1 else ""
    sentence = f"too small to judge: {group}: {worst['why']}{more}"
    return Finding(name, "warning" if misleading else "note", len(cases), unit, sentence, cases)


# Between corpora. -----------------------------------------------------------------------------------------------------


def between_findings(one: pd.DataFrame, other: pd.DataFrame, pairs: pd.DataFrame) -> list[Finding]:
    """Look at what two corpora, or a source and a target, have in common.

    Parameters
    ----------
    one, other
        ``utterance``, ``digest`` and, of a source, ``part``. Where `one` has parts, what is shared with its parts train
        and valid is severe: it is learned from, or selects the epoch and compares runs. Its part test does neither.
    pairs
        From `xser.audit.shared_audio.pairs.shared_pairs` of both.
    """
    twins = same_digest(pd.concat([one[["utterance", "digest"]], other[["utterance", "digest"]]]))
    near = is_near_duplicate(pairs)
    return [
        _between(one, other, twins, "corpora-duplicates", "are the same recording"),
        _between(one, other, pairs[near], "corpora-near-duplicates", "are nearly the same recording"),
        _between(one, other, pairs[~near], "corpora-stretches", "share a stretch of a second or more"),
    ]


def related_languages(one: pd.DataFrame, other: pd.DataFrame) -> list[Finding]:
    """Tell of languages of two corpora that are close kin, a finding each; none where they are not.

    Who was trained on the one has heard the other, whatever their codes.

    Parameters
    ----------
    one, other
        ``corpus`` and ``language``.
    """
    pairs = itertools.product(sorted(one["language"].unique()), sorted(other["language"].unique()))
    related = [
        f"{_named(code)} and {_named(kin)} are both {what}" for code, kin in pairs if (what := close_kin(code, kin))
    ]
    return [Finding("related-languages", "severe", 1, "pairs", sentence) for sentence in related]


def _named(code: str) -> str:
    """A language with its code, for people."""
    return f"{language_name(code)} ({code})"


def _between(one: pd.DataFrame, other: pd.DataFrame, pairs: pd.DataFrame, name: str, what: str) -> Finding:
    first, second = set(one["utterance"]), set(other["utterance"])
    across = (pairs["one"].isin(first) & pairs["other"].isin(second)) | (
        pairs["one"].isin(second) & pairs["other"].isin(first)
    )
    cases = tuple(pairs[across].to_dict("records"))
    corpora = f"{_corpora(one)} and {_corpora(other)}"
    if not cases:
        return Finding(name, "fine", 0, "pairs", f"no recordings of {corpora} {what}")
    severity: Severity = "severe"
    if "part" in one.columns:
        used = set(one.loc[one["part"].isin(["train", "valid"]), "utterance"])
        severity = "severe" if any({case["one"], case["other"]} & used for case in cases) else "warning"
    sentence = f"{count(len(cases), 'pair')} of recordings of {corpora} {what}"
    return Finding(name, severity, len(cases), "pairs", sentence, cases)


def _corpora(rows: pd.DataFrame) -> str:
    return "+".join(sorted(set(rows["corpus"])))
