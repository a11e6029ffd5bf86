"""Canonical emotions, and schemes: the set of emotions that one experiment tells apart."""

import dataclasses
from pathlib import Path

import yaml

from xser.core.errors import XserError

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
    name : str
        Its name, part of folder names.
    emotions : tuple of str
        The classes, in order.
    merges : dict of str to str
        Canonical emotion -> class that it counts as. Whatever is neither a class nor merged is left out.
    merges_in : dict of str to dict
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

    def emotion_of(self, canonical, corpus=None):
        """Return the class that `canonical` counts as, None when the scheme leaves it out.

        Parameters
        ----------
        canonical : str or None
            A canonical emotion; None stands for a native label that its corpus drops.
        corpus : str, optional
            Id of the corpus, for schemes that merge in some corpora only.
        """
        if canonical in self.emotions:
            return canonical
        return self.merges_in.get(corpus, {}).get(canonical, self.merges.get(canonical))

    def describe_merges(self):
        """Say what counts as what, in words: a list of str."""
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


def load_scheme(name, corpora=None):
    """Return a scheme by its name, or read a user's own from a YAML file.

    Parameters
    ----------
    name : str or Path
        A name of `SCHEMES`, or the path of a YAML file with ``emotions`` (the classes in order) and, where wanted,
        ``merges`` (canonical emotion -> class) and ``merges_in`` (corpus id -> the same, for that corpus alone). The
        file's name without suffix is the scheme's name.
    corpora : sequence of str, optional
        The corpora there are: ``merges_in`` may name no other.

    Returns
    -------
    Scheme

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
        return SCHEMES[name]
    path = Path(name)
    if path.suffix.lower() not in (".yaml", ".yml"):
        known = ", ".join(SCHEMES)
        raise XserError(f"there is no scheme {str(name)!r}: choose one of {known}, or give a YAML file with `emotions`")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(SCHEMES)
        raise XserError(f"the scheme {path} does not exist: check the path, or choose one of {known}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise XserError(f"the scheme {path} cannot be read: {' '.join(str(error).split())}") from error
    scheme = _checked_scheme(path, content)
    for corpus in scheme.merges_in if corpora is not None else ():
        if corpus not in corpora:
            raise XserError(f"{path}: `merges_in` names {corpus!r}; the corpora are {', '.join(corpora)}")
    return scheme


def _checked_scheme(path, content):
    if path.stem in SCHEMES:
        raise XserError(
            f"{path}: there is a scheme {path.stem} already, and results are filed by name: rename the file"
        )
    if not isinstance(content, dict) or not set(content) <= {"emotions", "merges", "merges_in"}:
        raise XserError(
            f"{path}: a scheme holds `emotions` (a list), perhaps `merges` (emotion: class) and `merges_in` (corpus: "
            "the same), nothing else"
        )
    emotions, merges, merges_in = content.get("emotions"), content.get("merges") or {}, content.get("merges_in") or {}
    mappings = [merges, *merges_in.values()] if isinstance(merges_in, dict) else [None]
    if not _texts(emotions) or not all(map(_names_to_names, mappings)):
        raise XserError(f"{path}: `emotions` is a list of names and `merges` maps names to names")
    if len(emotions) < 2 or len(set(emotions)) < len(emotions):
        raise XserError(f"{path}: `emotions` needs two different classes or more, each once")
    for emotion in emotions:
        if emotion not in CANONICAL and not any(emotion in mapping.values() for mapping in mappings):
            raise XserError(
                f"{path}: the class {emotion!r} is no canonical emotion and nothing is merged into it; "
                f"canonical are {', '.join(CANONICAL)}"
            )
    for emotion, into in [merge for mapping in mappings for merge in mapping.items()]:
        if emotion not in CANONICAL:
            raise XserError(f"{path}: `merges` names {emotion!r}; canonical emotions are {', '.join(CANONICAL)}")
        if emotion in emotions or into not in emotions:
            raise XserError(f"{path}: {emotion!r} cannot count as {into!r}: merge what is no class into what is one")
    return Scheme(
        path.stem, tuple(emotions), dict(merges), {str(corpus): dict(own) for corpus, own in merges_in.items()}
    )


def _names_to_names(mapping):
    return isinstance(mapping, dict) and all(isinstance(name, str) for name in [*mapping, *mapping.values()])


def _texts(values):
    return isinstance(values, list) and bool(values) and all(isinstance(value, str) for value in values)
