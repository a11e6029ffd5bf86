"""Tasks: which corpora are the sources, and which one is the target that training never sees."""

import dataclasses
import itertools
from pathlib import Path

from xser.corpora.description import corpus_ids, read_corpus
from xser.corpora.languages import is_language, language_code, language_name, same_language
from xser.errors import XserError


@dataclasses.dataclass(frozen=True, order=True)
class Selection:
    """A corpus, or one language of it.

    Attributes
    ----------
    corpus : str
        The corpus id.
    language : str or None
        ISO 639-3 code when a corpus of several languages gives only this one; None for the whole corpus.

    Examples
    --------
    >>> str(Selection("esd", "cmn")), Selection("esd", "cmn").file_name, str(Selection("emodb"))
    ('esd:cmn', 'esd-cmn', 'emodb')
    """

    corpus: str
    language: str | None = None

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
        return (self.language,) if self.language else tuple(_read(recipes, self.corpus).languages)


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
            When a corpus stands twice among the sources, or a source holds the target's corpus or language.
        """
        if not self.sources:
            raise XserError("a task needs a source: give --sources")
        for at, source in enumerate(self.sources):
            for other in self.sources[:at]:
                languages = (source.language, other.language)
                if source.corpus == other.corpus and (len(set(languages)) == 1 or None in languages):
                    raise XserError(f"--sources names {source.corpus} twice ({other} and {source}): once is enough")
        if self.target is not None:
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
        corpus with that language whose folder lies in the data root).
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
            if selection in selections:
                raise XserError(f"{word!r} names {selection} a second time: name it once")
            selections.append(selection)
    return selections


def _meant(word, recipes, data_root):
    known = corpus_ids(recipes)
    corpus, colon, language = word.partition(":")
    if corpus in known:
        return [_one_language(corpus, language, word, recipes) if colon else Selection(corpus)]
    if colon or not is_language(word):
        raise XserError(
            f"{corpus!r} is neither a corpus nor a language; corpora: {', '.join(known)}; "
            f"languages: {_languages(known, recipes)}"
        )
    code = language_code(word)
    having = [corpus for corpus in known if code in _read(recipes, corpus).languages]
    present = [corpus for corpus in having if (data_root / corpus).is_dir()]
    if not present:
        raise XserError(
            f"no corpus of {language_name(code)} ({code}) lies in {data_root}: "
            + (f"put {' or '.join(having)} there" if having else f"there are recipes for {_languages(known, recipes)}")
        )
    return [_one_language(corpus, code, word, recipes) for corpus in present]


def _one_language(corpus, language, word, recipes):
    languages = _read(recipes, corpus).languages
    code = language_code(language) if is_language(language) else None
    if code not in languages:
        spoken = " and ".join(f"{language_name(each)} ({each})" for each in languages)
        raise XserError(f"{word!r}: {corpus} is in {spoken}, not in {language!r}")
    return Selection(corpus, code if len(languages) > 1 else None)


def _languages(corpora, recipes):
    spoken = {code for corpus in corpora for code in _read(recipes, corpus).languages}
    return ", ".join(f"{code} ({language_name(code)})" for code in sorted(spoken))


def _read(recipes, corpus):
    return read_corpus(Path(recipes) / corpus / "corpus.yaml")
