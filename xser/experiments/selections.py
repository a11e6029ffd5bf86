"""From the words of ``--corpus``, ``--sources`` and ``--target`` to the corpora they mean."""

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.description.corpus import read_table_corpus
from xser.corpora.description.languages import is_language, language_code, language_name
from xser.corpora.tables.forms import FORMS, SUFFIXES
from xser.experiments.catalogue import Catalogue
from xser.protocol.tasks import Selection, refuse_same_name


def resolve_selections(words: Sequence[str], catalogue: Catalogue, data_root: Path) -> list[Selection]:
    """Say which corpora a user's words mean.

    Parameters
    ----------
    words
        ``emodb`` (a corpus), ``esd:cmn`` or ``esd:Mandarin`` (one language of a corpus), ``cmn`` or ``Mandarin`` (every
        corpus with that language whose folder lies in the data root), ``mine.csv`` or ``data/mine.csv:cmn`` (a corpus
        without a recipe, or one language of it).
    catalogue
        The recipes there are.
    data_root
        The folder with one folder for each corpus.

    Returns
    -------
    list of Selection
        In the order of the words; corpora of one language in alphabetical order.

    Raises
    ------
    XserError
        When a word is neither corpus nor language, a corpus does not have the language, a corpus is meant twice, or the
        data root holds no corpus of a language.
    """
    selections: list[Selection] = []
    for word in words:
        for selection in _meant(word, catalogue, data_root):
            refuse_same_name(selection, selections)
            if selection in selections:
                raise XserError(f"{word!r} names {selection} a second time: name it once")
            selections.append(selection)
    return selections


def one_corpus(word: str, catalogue: Catalogue) -> Selection:
    """Select the corpus that ``--corpus`` names: a recipe's name, or the path of a table or a folder.

    Raises
    ------
    XserError
        When there is neither; see `table_selection` too.
    """
    if word in catalogue.corpus_ids:
        return Selection(catalogue.corpus(word))
    if not is_table(word):
        known = ", ".join(catalogue.corpus_ids)
        raise XserError(
            f"there is no corpus {word!r}, and no such table or folder; {catalogue.folders[-1]} has {known}"
        )
    return table_selection(word, catalogue)


def is_table(word: str) -> bool:
    """Say whether a word is the path of a table or a folder, and not the name of a recipe or a language."""
    return "/" in word or Path(word).suffix.lower() in SUFFIXES or os.path.exists(word)


def table_selection(word: str, catalogue: Catalogue) -> Selection:
    """Select a corpus without a recipe: a table or a folder.

    Raises
    ------
    XserError
        When it cannot be read, or is called as a recipe is.
    """
    corpus = read_table_corpus(word)
    if corpus.id in catalogue.corpus_ids:
        raise XserError(f"{word} would be called {corpus.id}, as the recipe {corpus.id} is: rename it")
    return Selection(corpus)


def _meant(word: str, catalogue: Catalogue, data_root: Path) -> list[Selection]:
    known = catalogue.corpus_ids
    corpus, colon, language = word.partition(":")
    if corpus in known:
        whole = Selection(catalogue.corpus(corpus))
        return [_one_language(whole, language, word) if colon else whole]
    path, colon, language = (word, "", "") if os.path.exists(word) else word.rpartition(":")
    path = path or word
    if is_table(path) and not (is_language(path) and _having(language_code(path), catalogue)):
        table = table_selection(path, catalogue)
        return [_one_language(table, language, word) if colon else table]
    if colon or not is_language(word):
        raise XserError(
            f"{corpus!r} is neither a corpus nor a language; corpora: {', '.join(known)}; "
            f"languages: {_languages(known, catalogue)}; or give the path of {FORMS}"
        )
    code = language_code(word)
    having = _having(code, catalogue)
    present = [corpus for corpus in having if (data_root / corpus).is_dir()]
    if not present:
        raise XserError(
            f"no corpus of {language_name(code)} ({code}) lies in {data_root}: "
            + (
                f"put {' or '.join(having)} there"
                if having
                else f"there are recipes for {_languages(known, catalogue)}"
            )
        )
    return [_one_language(Selection(catalogue.corpus(corpus)), code, word) for corpus in present]


def _having(code: str, catalogue: Catalogue) -> list[str]:
    """The corpora of the recipes that have a language."""
    return [corpus for corpus in catalogue.corpus_ids if code in catalogue.corpus(corpus).languages]


def _one_language(selection: Selection, language: str, word: str) -> Selection:
    languages = selection.corpus.languages
    code = language_code(language) if is_language(language) else None
    if code not in languages:
        spoken = " and ".join(f"{language_name(each)} ({each})" for each in languages)
        raise XserError(f"{word!r}: {selection.corpus.id} is in {spoken}, not in {language!r}")
    return dataclasses.replace(selection, language=code if len(languages) > 1 else None)


def _languages(corpora: Iterable[str], catalogue: Catalogue) -> str:
    spoken = {code for corpus in corpora for code in catalogue.corpus(corpus).languages}
    return ", ".join(f"{code} ({language_name(code)})" for code in sorted(spoken))
