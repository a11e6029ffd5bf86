"""Splits: which part of a corpus every utterance belongs to. To add one, write a function and list it in `SPLITS`.

All are deterministic by their seed and do not depend on the order of the rows. Every class keeps its place in every
part, or the split is refused: a UAR over three of four classes is another figure. In the folds of ``loso`` and
``folds:K`` the test part holds the classes that its speakers have; pooled over the folds, every utterance is tested
once.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from xser.core.errors import XserError
from xser.core.fingerprints import fingerprint
from xser.core.rows import PARTS
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.languages import language_name
from xser.protocol.splits.exact_counts import published_sizes, stratified_sizes
from xser.protocol.splits.speaker_splits import (
    Rule,
    assign_speakers,
    contradiction,
    every_class_beside_every_part,
    every_class_in_every_part,
    what_few_speakers_allow,
)

STRATIFIED_SHARES = (0.8, 0.1, 0.1)
SPEAKER_SHARES = (0.7, 0.15, 0.15)
VALID_SHARE_OF_FOLDS = 0.1

Parts = np.ndarray  # (rows,) of str: the part of each row, sorted by utterance


def split_names_help() -> str:
    """Describe ``--split`` in one line."""
    return (
        "speaker (disjoint speakers), paper (the published counts, shared speakers), stratified (the same where they "
        "fit, else 80/10/10), official (the corpus's own parts), or for one corpus loso (leave one speaker out), "
        "folds:K (K folds of disjoint speakers) and emobox[:N] (EmoBox's published folds, or its fold N; with --emobox)"
    )


def check_split(name: str) -> None:
    """Check the name of a split.

    Parameters
    ----------
    name
        As in ``--split``.

    Raises
    ------
    XserError
        When there is no such split.

    Examples
    --------
    >>> check_split("folds:5")
    >>> check_split("folds:1")
    Traceback (most recent call last):
    ...
    xser.core.errors.XserError: folds:K takes a number of folds from 2 up, as in folds:5, not 'folds:1'
    """
    kind, colon, number = name.partition(":")
    if kind == "folds":
        if not _counts_from(2, number):
            raise XserError(f"folds:K takes a number of folds from 2 up, as in folds:5, not {name!r}")
    elif kind == "emobox":
        if colon and not _counts_from(1, number):
            raise XserError(f"emobox:N takes the number of a fold from 1 up, as in emobox:1, not {name!r}")
    elif name not in SPLITS:
        known = ", ".join(split for split in SPLITS if split != "folds")
        raise XserError(f"there is no split {name!r}: choose {known} or folds:K, as in folds:5")


def _counts_from(least: int, text: str) -> bool:
    """Whether `text` is a whole number, written as usual, of at least `least`."""
    return text.isascii() and text.isdigit() and int(text) >= least and str(int(text)) == text


def has_folds(name: str) -> bool:
    """Return whether a split gives several folds instead of one train, valid and test part."""
    return name in ("loso", "emobox") or name.startswith("folds:")


def of_one_corpus(name: str) -> bool:
    """Return whether a split is for one corpus by itself: its folds tell nothing about an unseen corpus."""
    return has_folds(name) or name.startswith("emobox:")


def split_rows(
    rows: pd.DataFrame, name: str, seed: int, corpus: Corpus, published: Sequence[Mapping[str, str]] = ()
) -> list[pd.Series]:
    """Give every utterance a part.

    Parameters
    ----------
    rows
        Utterances of one corpus with an ``emotion`` of the scheme.
    name
        As in ``--split``.
    seed
        As in ``--split-seed``.
    corpus
        For its title and the exact sizes of splits ``paper`` and ``stratified``.
    published
        For ``emobox`` alone: utterance -> part in each fold that was asked for.

    Returns
    -------
    list of pandas.Series
        For each fold (one, unless `has_folds`) the part of each row: train, valid or test; the index is that of `rows`.
        With ``emobox`` the part is empty where the published fold does not have the utterance.

    Raises
    ------
    XserError
        When the corpus cannot be split so: unknown speakers, no official parts, a class that cannot be in every part,
        other numbers than the published ones.
    """
    check_split(name)
    if not len(rows):
        raise XserError(f"{corpus.title}: no utterance has an emotion of this scheme: choose another --scheme")
    kind, _, folds = name.partition(":")
    order = rows["utterance"].argsort(kind="stable").to_numpy()
    ordered = rows.iloc[order].reset_index(drop=True)
    ordered["stratum"] = _strata(ordered)
    more: list[Any] = [published] if kind == "emobox" else [int(folds)] if folds else []
    splits = SPLITS[kind](ordered, seed, corpus, *more)
    back = np.argsort(order, kind="stable")
    return [pd.Series(np.asarray(parts, dtype=object)[back], index=rows.index, name="part") for parts in splits]


def overlaps(rows: pd.DataFrame, parts: pd.Series) -> dict[str, dict[str, int | None]]:
    """Count the speakers and text ids that train shares with valid and with test.

    Parameters
    ----------
    rows
        Utterances with ``speaker`` and ``text``.
    parts
        Their parts.

    Returns
    -------
    dict
        ``{"valid": {"speakers": n, "texts": n}, "test": {...}}``; None where the corpus does not tell speakers or
        texts.
    """
    counted: dict[str, dict[str, int | None]] = {}
    for part in ("valid", "test"):
        counted[part] = {}
        for column, name in (("speaker", "speakers"), ("text", "texts")):
            known = rows[column] != ""
            shared = set(rows.loc[known & (parts == "train"), column]) & set(rows.loc[known & (parts == part), column])
            counted[part][name] = len(shared) if known.any() else None
    return counted


def _strata(rows: pd.DataFrame) -> pd.Series:
    """Name of each row's class: its emotion, with the language where there are several."""
    if rows["language"].nunique() < 2:
        return rows["emotion"]
    return rows["emotion"] + " in " + rows["language"].map(language_name)


def _official(rows: pd.DataFrame, seed: int, corpus: Corpus) -> list[Parts]:
    parts = rows["official_part"]
    if not parts.isin(PARTS).any():
        raise XserError(f"{corpus.title} has no official parts: choose --split speaker or --split stratified")
    if not parts.isin(PARTS).all():
        first = rows.loc[~parts.isin(PARTS), "utterance"].iloc[0]
        raise XserError(f"{corpus.title}: {first} has no official part: choose --split speaker or --split stratified")
    for part in PARTS:
        for stratum in sorted(set(rows["stratum"]) - set(rows.loc[parts == part, "stratum"])):
            raise XserError(
                f"{corpus.title}: class {stratum} is missing from the official part {part}: "
                "choose --split speaker or --split stratified"
            )
    return [parts.to_numpy(dtype=object)]


def _stratified(rows: pd.DataFrame, seed: int, corpus: Corpus, only_published: bool = False) -> list[Parts]:
    """Split each language by itself: to the published sizes of corpus.yaml where they fit, else 80/10/10.

    The sizes fit when they add up to the utterances that there are (corpus.yaml gives them for the whole corpus in
    scheme ``four``). Official parts of these very sizes are taken as they are.
    """
    parts = np.full(len(rows), "", dtype=object)
    published, _ = published_sizes(corpus, rows["utterance"])
    for language in sorted(rows["language"].unique()):
        mine = np.flatnonzero(rows["language"] == language)
        official = rows["official_part"].to_numpy()[mine]
        totals = None
        if published is not None and sum(published.values()) == len(mine):
            totals = [published[part] for part in PARTS]
        if only_published:
            _refuse_other_sizes(corpus, published, language, official)
        if totals and [int((official == part).sum()) for part in PARTS] == totals:
            parts[mine] = official
            continue
        strata = rows["stratum"].iloc[mine].to_numpy()
        names = sorted(set(strata))
        counts = [int((strata == name).sum()) for name in names]
        for name, count in zip(names, counts, strict=True):
            if count < len(PARTS):
                raise XserError(
                    f"{corpus.title}: class {name} has {count} utterances, {len(PARTS)} are needed to be in every part"
                )
        for name, sizes in zip(names, stratified_sizes(counts, STRATIFIED_SHARES, totals), strict=True):
            of_class = mine[strata == name]
            emotion = rows["emotion"][of_class[0]]
            shuffled = _generator(seed, emotion, language).permutation(of_class)
            for part, chosen in zip(PARTS, np.split(shuffled, np.cumsum(sizes)[:-1]), strict=True):
                parts[chosen] = part
    return [parts]


def _refuse_other_sizes(corpus: Corpus, published: dict[str, int] | None, language: str, official: Parts) -> None:
    """Refuse a corpus that does not have the published number of utterances, or has other official parts."""
    if published is None or corpus.stratified is None:
        raise XserError(f"{corpus.title} has no published sizes for --split paper: choose --split stratified")
    of = f" of {language_name(language)}" if len(corpus.languages) > 1 else ""
    wanted = " + ".join(f"{corpus.stratified[part]} {part}" for part in PARTS)
    total = sum(corpus.stratified.values())
    lost = total - sum(published.values())
    wanted += f", {lost} of them not in the official release" if lost else ""
    if len(official) != total - lost:
        raise XserError(
            f"{corpus.title}: there are {len(official)} utterances{of} and the published experiment has "
            f"{total} ({wanted}): --split paper needs the whole corpus and scheme four; "
            "choose --split stratified or speaker"
        )
    counts = {part: int((official == part).sum()) for part in PARTS}
    if (official != "").any() and counts != published:
        raise XserError(
            f"{corpus.title}: the official parts{of} have {' + '.join(f'{counts[part]} {part}' for part in PARTS)} "
            f"utterances, the published experiment {wanted}: choose --split official or stratified"
        )


def _speaker(rows: pd.DataFrame, seed: int, corpus: Corpus) -> list[Parts]:
    rule = every_class_in_every_part
    parts = _assigned(rows, seed, corpus, SPEAKER_SHARES, rule, "be in every part of --split speaker")
    return [np.asarray(PARTS, dtype=object)[parts]]


def _folds(rows: pd.DataFrame, seed: int, corpus: Corpus, folds: int) -> list[Parts]:
    rule = every_class_beside_every_part
    fold_of = _assigned(rows, seed, corpus, [1 / folds] * folds, rule, f"be in every training part of folds:{folds}")
    return [_fold(rows, fold_of == fold, seed, fold, corpus) for fold in range(folds)]


def _loso(rows: pd.DataFrame, seed: int, corpus: Corpus) -> list[Parts]:
    _refuse_unknown_speakers(rows, corpus)
    return [
        _fold(rows, (rows["speaker"] == speaker).to_numpy(), seed, fold, corpus)
        for fold, speaker in enumerate(sorted(rows["speaker"].unique()))
    ]


def _fold(rows: pd.DataFrame, tested: np.ndarray, seed: int, fold: int, corpus: Corpus) -> Parts:
    """Parts of a fold: the tested speakers, and of the others' utterances a tenth of each class to select the epoch.

    The validation part shares speakers with training: it only selects the epoch, and no figure is taken from it.
    """
    speakers = " and ".join(sorted(set(rows["speaker"][tested]))[:3])
    beside = f"without the speakers of fold {fold + 1} ({speakers})"
    return _with_validation(rows, np.where(tested, "test", "train").astype(object), seed, fold, corpus, beside)


def _with_validation(rows: pd.DataFrame, parts: Parts, seed: int, fold: int, corpus: Corpus, where: str) -> Parts:
    """Take a tenth of each class out of train, to select the epoch by."""
    strata = rows["stratum"].to_numpy()
    for name in sorted(set(strata)):
        left = np.flatnonzero((strata == name) & (parts == "train"))
        if len(left) < 2:
            raise XserError(
                f"{corpus.title}: class {name} has {len(left)} utterances {where}, 2 are needed to train and validate: "
                "choose --split stratified or another --scheme"
            )
        number = max(1, int(len(left) * VALID_SHARE_OF_FOLDS + 0.5))
        parts[_generator(seed, name, fold).permutation(left)[:number]] = "valid"
    return parts


def _emobox(rows: pd.DataFrame, seed: int, corpus: Corpus, published: Sequence[Mapping[str, str]]) -> list[Parts]:
    """The published parts as they are; where there is no validation part, a tenth of each class of train."""
    folds = []
    for fold, part_of in enumerate(published):
        parts = rows["utterance"].map(part_of).fillna("").to_numpy(dtype=object)
        if not (parts == "valid").any():
            parts = _with_validation(rows, parts, seed, fold, corpus, "to train on in a fold of EmoBox")
        folds.append(parts)
    held: list[tuple[str, np.ndarray]] = [("test", np.any([parts == "test" for parts in folds], axis=0))]
    held += [(part, parts == part) for parts in folds for part in ("train", "valid")]
    for part, mine in held:
        for name in sorted(set(rows["stratum"]) - set(rows["stratum"][mine])):
            raise XserError(
                f"{corpus.title}: class {name} is missing from EmoBox's part {part}: choose --split emobox (all folds) "
                "or another --scheme"
            )
    return folds


def _assigned(
    rows: pd.DataFrame,
    seed: int,
    corpus: Corpus,
    shares: Sequence[float],
    rule_of: Callable[[np.ndarray], Rule],
    purpose: str,
) -> np.ndarray:
    """Index (rows,) of the part of each row, speakers kept together."""
    _refuse_unknown_speakers(rows, corpus)
    table = pd.crosstab(rows["speaker"], rows["stratum"]).sort_index(axis=0).sort_index(axis=1)
    counts = table.to_numpy()
    rule = rule_of(counts)
    parts = assign_speakers(counts, shares, rule, _generator(seed, "speakers"))
    if parts is None:
        splits = "loso or stratified" if len(table) == 2 and (counts > 0).all() else "stratified"
        use = what_few_speakers_allow(len(table))
        why = _why(table, len(shares), rule, purpose)
        raise XserError(f"{corpus.title}: {why}: choose --split {splits}" + (f" ({use})" if use else ""))
    return parts[table.index.get_indexer(rows["speaker"])]


def _why(table: pd.DataFrame, parts: int, rule: Rule, purpose: str) -> str:
    """Tell which class makes a split over speakers impossible."""
    counts = table.to_numpy()
    needed = parts if rule.least.any() else 2
    speakers = (counts > 0).sum(axis=0)
    for name, number in zip(table.columns, speakers, strict=True):
        if number < needed:
            noun = "speaker" if number == 1 else "speakers"
            return f"class {name} has {number} {noun}, {needed} are needed to {purpose}"
    if len(counts) < parts:
        return f"there are {len(counts)} speakers, {parts} are needed"
    together = contradiction(counts, parts, rule)
    names = " and ".join(table.columns[together])
    shared = int((counts[:, together] > 0).any(axis=1).sum())
    return f"the classes {names} have {shared} speakers between them, too few for each of them to {purpose}"


def _refuse_unknown_speakers(rows: pd.DataFrame, corpus: Corpus) -> None:
    unknown = rows["speaker"] == ""
    if unknown.any():
        raise XserError(
            f"{corpus.title}: {int(unknown.sum())} of {len(rows)} utterances have no known speaker "
            f"(first: {rows.loc[unknown, 'utterance'].iloc[0]}): choose --split stratified"
            + (f" ({what_few_speakers_allow(0)})" if unknown.all() else "")
        )


def _generator(seed: int, *things: str | int) -> np.random.Generator:
    """A generator for each class, so that a class is split the same whatever other classes there are."""
    return np.random.default_rng(int(fingerprint(seed, *things), 16))


SPLITS: dict[str, Callable[..., list[Parts]]] = {
    "speaker": _speaker,
    "paper": functools.partial(_stratified, only_published=True),
    "stratified": _stratified,
    "official": _official,
    "loso": _loso,
    "folds": _folds,
    "emobox": _emobox,
}
