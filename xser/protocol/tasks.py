"""Tasks: which corpora are the sources, and which one is the target that training never sees."""

import dataclasses
import itertools
import os
from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.description.corpus import Corpus, corpus_ids, read_corpus, read_own_corpus
from xser.corpora.description.languages import is_language, language_code, language_name, same_language
from xser.corpora.tables.forms import FORMS, SUFFIXES


@dataclasses.dataclass(frozen=True, order=True)
class Selection:
    """A corpus, or one language of it.

    Attributes
    ----------
    corpus : str
        The corpus id.
    language : str or None
        ISO 639-3 code when a corpus of several languages gives only this one; None for the whole corpus.
    own : Corpus or None
        The corpus itself where it has no recipe but is the user's own table or folder.

    Examples
    --------
    >>> str(Selection("esd", "cmn")), Selection("esd", "cmn").file_name, str(Selection("emodb"))
    ('esd:cmn', 'esd-cmn', 'emodb')
    """

    corpus: str
    language: str | None = None
    own: Corpus | None = dataclasses.field(default=None, compare=False, repr=False)

    def __str__(self):
        """Write it as on the command line."""
        return f"{self.corpus}:{self.language}" if self.language else self.corpus

    @property
    def file_name(self):
        """The selection as part of a file's name."""
        return f"{self.corpus}-{self.language}" if self.language else self.corpus

    def languages(self, recipes):
        """ISO 639-3 codes of the selected recordings.

        Parameters
        ----------
        recipes : Path
            The folder of recipes.

        Returns
        -------
        tuple of str
        """
        return (self.language,) if self.language else tuple(self.described(recipes).languages)

    def described(self, recipes):
        """Return the `xser.corpora.description.corpus.Corpus`: the user's own, or that of a folder of recipes."""
        return self.own or _read(recipes, self.corpus)


@dataclasses.dataclass(frozen=True)
class Task:
    """Sources and target.

    Attributes
    ----------
    sources : tuple of Selection
        What systems learn from. Within one corpus: that corpus alone.
    target : Selection or None
        The unseen corpus; None within one corpus.
    named : str
        Its name in tasks.yaml: its first source is then *the* source, that a system trained on one source learns from.
        Empty for a task without a name, where each source has its turn.

    Examples
    --------
    >>> Task((Selection("cafe"), Selection("esd", "cmn")), Selection("emodb")).name
    'cafe+esd-cmn-to-emodb'
    >>> Task((Selection("emodb"),)).name
    'emodb'
    >>> Task((Selection("cafe"),), Selection("emodb"), "fr-de").name
    'fr-de'
    """

    sources: tuple[Selection, ...]
    target: Selection | None = None
    named: str = ""

    @property
    def name(self):
        """The task as part of a file's name."""
        if self.named:
            return self.named
        sources = "+".join(source.file_name for source in self.sources)
        return f"{sources}-to-{self.target.file_name}" if self.target else sources

    def check(self, recipes):
        """Refuse a task whose target is not unseen.

        Parameters
        ----------
        recipes : Path
            The folder of recipes.

        Raises
        ------
        XserError
            When a corpus stands twice among the sources, or a source holds the target's corpus or language, or has its
            name.
        """
        if not self.sources:
            raise XserError("a task needs a source: give --sources")
        for at, source in enumerate(self.sources):
            for other in self.sources[:at]:
                languages = (source.language, other.language)
                if source.corpus == other.corpus and (len(set(languages)) == 1 or None in languages):
                    raise XserError(f"--sources names {source.corpus} twice ({other} and {source}): once is enough")
        if self.target is not None:
            _refuse_same_name(self.target, self.sources)
            for source in self.sources:
                self._refuse_seen(source, recipes)

    def _refuse_seen(self, source, recipes):
        pairs = itertools.product(source.languages(recipes), self.target.languages(recipes))
        shared = {code for pair in pairs if same_language(*pair) for code in pair}
        if not shared:
            return
        language = " and ".join(f"{language_name(code)} ({code})" for code in sorted(shared))
        raise XserError(
            f"the target {self.target} is {language}, and so is the source {source}, but a target is never seen: "
            + _remedy(source, self.target, shared, recipes)
        )


def _remedy(source, target, shared, recipes):
    others = [code for code in source.languages(recipes) if code not in shared]
    if others:
        return f"take {' or '.join(f'{source.corpus}:{code}' for code in others)} among --sources instead of {source}"
    left = [code for code in target.languages(recipes) if code not in shared]
    if left:
        instead = " or ".join(f"{target.corpus}:{code}" for code in left)
        return f"take {instead} as --target, or leave {source} out of --sources"
    return f"leave {source} out of --sources"


def resolve_selections(words, recipes, data_root):
    """Say which corpora a user's words mean.

    Parameters
    ----------
    words : sequence of str
        ``emodb`` (a corpus), ``esd:cmn`` or ``esd:Mandarin`` (one language of a corpus), ``cmn`` or ``Mandarin`` (every
        corpus with that language whose folder lies in the data root), ``mine.csv`` or ``data/mine.csv:cmn`` (a corpus
        without a recipe, as of `own_selection`, or one language of it).
    recipes : Path
        The folder of recipes: a corpus is a folder there with a corpus.yaml.
    data_root : Path
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
    selections = []
    for word in words:
        for selection in _meant(word, Path(recipes), Path(data_root)):
            _refuse_same_name(selection, selections)
            if selection in selections:
                raise XserError(f"{word!r} names {selection} a second time: name it once")
            selections.append(selection)
    return selections


def _meant(word, recipes, data_root):
    known = corpus_ids(recipes)
    corpus, colon, language = word.partition(":")
    if corpus in known:
        return [_one_language(Selection(corpus), language, word, recipes) if colon else Selection(corpus)]
    path, colon, language = (word, "", "") if os.path.exists(word) else word.rpartition(":")
    path = path or word
    if is_own(path) and not (is_language(path) and _having(language_code(path), recipes)):
        own = own_selection(path, recipes)
        return [_one_language(own, language, word, recipes) if colon else own]
    if colon or not is_language(word):
        raise XserError(
            f"{corpus!r} is neither a corpus nor a language; corpora: {', '.join(known)}; "
            f"languages: {_languages(known, recipes)}; or give the path of {FORMS}"
        )
    code = language_code(word)
    having = _having(code, recipes)
    present = [corpus for corpus in having if (data_root / corpus).is_dir()]
    if not present:
        raise XserError(
            f"no corpus of {language_name(code)} ({code}) lies in {data_root}: "
            + (f"put {' or '.join(having)} there" if having else f"there are recipes for {_languages(known, recipes)}")
        )
    return [_one_language(Selection(corpus), code, word, recipes) for corpus in present]


def one_corpus(word, recipes):
    """Select the corpus that ``--corpus`` names.

    Parameters
    ----------
    word : str
        A recipe's name, or the path of a table or a folder.
    recipes : Path
        The folder of recipes.

    Returns
    -------
    Selection

    Raises
    ------
    XserError
        When there is neither; see `own_selection` too.
    """
    names = corpus_ids(recipes)
    if word in names:
        return Selection(word)
    if not is_own(word):
        raise XserError(f"there is no corpus {word!r}, and no such table or folder; {recipes} has {', '.join(names)}")
    return own_selection(word, recipes)


def _having(code, recipes):
    """The corpora of the recipes that have a language."""
    return [corpus for corpus in corpus_ids(recipes) if code in _read(recipes, corpus).languages]


def is_own(word):
    """Say whether a word is the path of a user's own corpus and not the name of a recipe or a language."""
    return "/" in word or Path(word).suffix.lower() in SUFFIXES or os.path.exists(word)


def own_selection(word, recipes):
    """Select a corpus without a recipe.

    Parameters
    ----------
    word : str
        Path of a table or a folder (`xser.corpora.tables.forms.read_native`).
    recipes : Path
        The folder of recipes.

    Returns
    -------
    Selection

    Raises
    ------
    XserError
        When it cannot be read, or is called as a recipe is.
    """
    own = read_own_corpus(word)
    if own.id in corpus_ids(recipes):
        raise XserError(f"{word} would be called {own.id}, as the recipe {own.id} is: rename it")
    return Selection(own.id, own=own)


def _refuse_same_name(selection, others):
    for other in others:
        if selection.own and other.own and selection.own.id == other.own.id and selection.own.yaml != other.own.yaml:
            raise XserError(
                f"{other.own.yaml} and {selection.own.yaml} would both be called {selection.corpus}: rename one of them"
            )


def _one_language(selection, language, word, recipes):
    corpus, languages = selection.corpus, selection.described(recipes).languages
    code = language_code(language) if is_language(language) else None
    if code not in languages:
        spoken = " and ".join(f"{language_name(each)} ({each})" for each in languages)
        raise XserError(f"{word!r}: {corpus} is in {spoken}, not in {language!r}")
    return dataclasses.replace(selection, language=code if len(languages) > 1 else None)


def _languages(corpora, recipes):
    spoken = {code for corpus in corpora for code in _read(recipes, corpus).languages}
    return ", ".join(f"{code} ({language_name(code)})" for code in sorted(spoken))


def _read(recipes, corpus):
    return read_corpus(Path(recipes) / corpus / "corpus.yaml")
