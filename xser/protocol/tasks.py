"""Tasks: which corpora are the sources, and which one is the target that training never sees."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Literal

from xser.core.errors import XserError
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.languages import language_name, one_language

TrainedOn = Literal["source", "sources", "target"]  # what a system is trained on


@dataclasses.dataclass(frozen=True, eq=False)
class Selection:
    """A corpus, or one language of it. Two selections that are written alike are the same.

    Attributes
    ----------
    corpus
        What is known of it.
    language
        ISO 639-3 code when a corpus of several languages gives only this one; None for the whole corpus.
    """

    corpus: Corpus
    language: str | None = None

    def __str__(self) -> str:
        """Write it as on the command line: ``esd:cmn``."""
        return f"{self.corpus.id}:{self.language}" if self.language else self.corpus.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @property
    def file_name(self) -> str:
        """The selection as part of a file's name: ``esd-cmn``."""
        return f"{self.corpus.id}-{self.language}" if self.language else self.corpus.id

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-3 codes of the selected recordings."""
        return (self.language,) if self.language else tuple(self.corpus.languages)


@dataclasses.dataclass(frozen=True)
class Task:
    """Sources and target.

    Attributes
    ----------
    sources
        What systems learn from. Within one corpus: that corpus alone.
    target
        The unseen corpus; None within one corpus.
    given_name
        Its name in tasks.yaml: its first source is then *the* source, that a system trained on one source learns from.
        Empty for a task without a name, where each source has its turn.
    """

    sources: tuple[Selection, ...]
    target: Selection | None = None
    given_name: str = ""

    @property
    def name(self) -> str:
        """The task as part of a file's name: ``cafe+esd-cmn-to-emodb``, ``emodb``, or its given name."""
        if self.given_name:
            return self.given_name
        sources = "+".join(source.file_name for source in self.sources)
        return f"{sources}-to-{self.target.file_name}" if self.target else sources

    @property
    def selections(self) -> tuple[Selection, ...]:
        """Sources and target, the target last."""
        return self.sources + ((self.target,) if self.target else ())

    @property
    def reported_on(self) -> Selection:
        """The selection whose emotions are recognised: the target, or within one corpus that corpus."""
        return self.target or self.sources[0]

    def check(self) -> None:
        """Refuse a task whose target is not unseen.

        Raises
        ------
        XserError
            When a corpus stands twice among the sources, or a source holds the target's corpus or language, or has its
            name.
        """
        if not self.sources:
            raise XserError("a task needs a source: give --sources")
        for source, other in itertools.combinations(self.sources, 2):
            languages = (source.language, other.language)
            if source.corpus.id == other.corpus.id and (len(set(languages)) == 1 or None in languages):
                raise XserError(f"--sources names {source.corpus.id} twice ({source} and {other}): once is enough")
        if self.target is not None:
            refuse_same_name(self.target, self.sources)
            for source in self.sources:
                _refuse_seen(source, self.target)


def refuse_same_name(selection: Selection, others: Sequence[Selection]) -> None:
    """Refuse two tables or folders that would be called alike.

    Raises
    ------
    XserError
        Naming both.
    """
    for other in others:
        if selection.corpus.id == other.corpus.id and selection.corpus.yaml != other.corpus.yaml:
            raise XserError(
                f"{other.corpus.yaml} and {selection.corpus.yaml} would both be called {selection.corpus.id}: "
                "rename one of them"
            )


def _refuse_seen(source: Selection, target: Selection) -> None:
    pairs = itertools.product(source.languages, target.languages)
    shared = {code for pair in pairs if one_language(*pair) for code in pair}
    if shared:
        language = " and ".join(f"{language_name(code)} ({code})" for code in sorted(shared))
        raise XserError(
            f"the target {target} is {language}, and so is the source {source}, but a target is never seen: "
            + _remedy(source, target, shared)
        )


def _remedy(source: Selection, target: Selection, shared: set[str]) -> str:
    others = [code for code in source.languages if code not in shared]
    if others:
        instead = " or ".join(f"{source.corpus.id}:{code}" for code in others)
        return f"take {instead} among --sources instead of {source}"
    left = [code for code in target.languages if code not in shared]
    if left:
        instead = " or ".join(f"{target.corpus.id}:{code}" for code in left)
        return f"take {instead} as --target, or leave {source} out of --sources"
    return f"leave {source} out of --sources"
