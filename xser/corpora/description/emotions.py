"""Canonical emotions, and schemes: the set of emotions that one experiment tells apart."""

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from xser.core.errors import XserError
from xser.core.records import OneOf, Record, WrongValue, read_yaml

EMOTIONS = (
    "angry", "happy", "neutral", "sad", "fear", "disgust", "surprise", "calm", "excited", "boredom", "contempt",
    "frustrated", "pleasure", "pain", "disappointed", "anxious", "concerned", "apologetic", "assertive", "encouraging",
    "enthusiastic", "sarcastic", "amused", "sleepy", "worried", "poker", "other",
)  # fmt: skip
LEVELS = ("low", "high")  # of arousal: for corpora whose labels are levels instead of emotions
CANONICAL = EMOTIONS + LEVELS


@dataclasses.dataclass(frozen=True)
class Scheme:
    """The emotions of an experiment, in the order of every table, and what counts as one of them.

    Attributes
    ----------
    name
        Its name, part of folder names.
    emotions
        The classes, in order.
    merges
        Canonical emotion -> class that it counts as. Whatever is neither a class nor merged is left out.
    merges_in
        Corpus id -> merges for that corpus alone, as where only one corpus lacks a neutral of its own.

    Examples
    --------
    >>> SCHEMES["four_calm"].emotion_of("calm")
    'neutral'
    >>> SCHEMES["four"].emotion_of("calm") is None
    True
    """

    name: str
    emotions: tuple[str, ...]
    merges: dict[str, str] = dataclasses.field(default_factory=dict)
    merges_in: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)

    def emotion_of(self, canonical: str | None, corpus: str | None = None) -> str | None:
        """Return the class that `canonical` counts as, None when the scheme leaves it out.

        Parameters
        ----------
        canonical
            A canonical emotion; None stands for a native label that its corpus drops.
        corpus
            Id of the corpus, for schemes that merge in some corpora only.
        """
        if canonical is None or canonical in self.emotions:
            return canonical
        return {**self.merges, **self.merges_in.get(corpus or "", {})}.get(canonical)

    def describe_merges(self) -> list[str]:
        """Write in words what counts as what."""
        everywhere = [f"{emotion} counts as {into}" for emotion, into in self.merges.items()]
        return everywhere + [
            f"{emotion} counts as {into} in {corpus}"
            for corpus, own in self.merges_in.items()
            for emotion, into in own.items()
        ]


_FOUR = ("angry", "happy", "neutral", "sad")
SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme("four", _FOUR),
        Scheme("four_calm", _FOUR, {"calm": "neutral"}),
        Scheme("four_excited", _FOUR, {"excited": "happy"}),
        Scheme("six", (*_FOUR, "fear", "disgust")),
        Scheme("arousal", LEVELS),
    )
}


class SchemeYaml(Record):
    """A scheme of a user's own; its file's name is the scheme's name."""

    emotions: Annotated[tuple[str, ...], Field(min_length=2)]
    """The classes, in the order of every table: canonical emotions, or names that emotions are merged into."""
    merges: dict[Annotated[str, OneOf(CANONICAL)], str] = {}
    """Canonical emotion: the class that it counts as. Whatever is neither a class nor merged is left out."""
    merges_in: dict[str, dict[Annotated[str, OneOf(CANONICAL)], str]] = {}
    """Corpus: merges for that corpus alone."""

    @model_validator(mode="after")
    def _contradicts_nothing(self) -> "SchemeYaml":
        if len(set(self.emotions)) < len(self.emotions):
            raise WrongValue("names a class twice", "emotions")
        mappings = [(("merges",), self.merges), *((("merges_in", name), each) for name, each in self.merges_in.items())]
        for place, mapping in mappings:
            for emotion, into in mapping.items():
                if emotion in self.emotions or into not in self.emotions:
                    what = f"cannot count as {into!r}: merge what is no class into what is one"
                    raise WrongValue(what, *place, emotion)
        merged = {into for _, mapping in mappings for into in mapping.values()}
        for at, emotion in enumerate(self.emotions):
            if emotion not in CANONICAL and emotion not in merged:
                known = ", ".join(CANONICAL)
                what = f"is {emotion!r}, no canonical emotion, and nothing is merged into it; canonical are {known}"
                raise WrongValue(what, "emotions", at)
        return self


def load_scheme(name: str | Path, corpora: Collection[str] | None = None) -> Scheme:
    """Return a scheme by its name, or read a user's own from a YAML file.

    Parameters
    ----------
    name
        A name of `SCHEMES`, or the path of a YAML file that holds a `SchemeYaml`.
    corpora
        The corpora there are: ``merges_in`` may name no other.

    Raises
    ------
    XserError
        When there is no such scheme, or its file cannot be understood.

    Examples
    --------
    >>> load_scheme("six").emotions
    ('angry', 'happy', 'neutral', 'sad', 'fear', 'disgust')
    """
    if name in SCHEMES:
        return SCHEMES[str(name)]
    path, known = Path(name), ", ".join(SCHEMES)
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise XserError(f"there is no scheme {str(name)!r}: choose one of {known}, or give a YAML file with `emotions`")
    written = read_yaml(path, SchemeYaml, f"check the path of the scheme, or choose one of {known}")
    if path.stem in SCHEMES:
        raise XserError(
            f"{path}: there is a scheme {path.stem} already, and results are filed by name: rename the file"
        )
    for corpus in written.merges_in:
        if corpora is not None and corpus not in corpora:
            raise XserError(f"{path}: `merges_in` names {corpus!r}; the corpora are {', '.join(corpora)}")
    return Scheme(path.stem, written.emotions, written.merges, written.merges_in)
