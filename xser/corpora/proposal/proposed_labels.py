"""What the native labels of an unknown corpus mean, with what the user, a text in the folder or the words say."""

import collections
import dataclasses
import re

from xser.core.errors import XserError
from xser.corpora.description.emotion_words import place_labels, plain
from xser.corpora.description.emotions import CANONICAL, SCHEMES
from xser.corpora.description.file_patterns import nfc
from xser.corpora.description.languages import same_language
from xser.corpora.folders import real_path


@dataclasses.dataclass
class Proposal:
    """What a corpus.yaml may say of a folder.

    Attributes
    ----------
    files, tables, columns : list, list, dict
        As in corpus.yaml.
    example : str
    labels : dict of str to str
        Native label -> canonical emotion.
    scheme : str
    repeated_files : bool
    found : list of str
        Sentences: what was taken for what, and why.
    unsure : list of (str, str)
        (Key of corpus.yaml, or native label as ``labels: X``; what to check).
    """

    files: list = dataclasses.field(default_factory=list)
    tables: list = dataclasses.field(default_factory=list)
    columns: dict = dataclasses.field(default_factory=dict)
    example: str = ""
    labels: dict = dataclasses.field(default_factory=dict)
    scheme: str = "four"
    repeated_files: bool = False
    found: list = dataclasses.field(default_factory=list)
    unsure: list = dataclasses.field(default_factory=list)
    words: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the user says beforehand.

    Attributes
    ----------
    language : str
        ISO 639-3 code.
    emotion, speaker : str or None
        A part of the names, as `xser.corpora.proposal.guessing.numbered_parts` numbers them: ``3``, ``1-2``,
        ``folder1``;
        ``none`` where the names do not say who speaks.
    labels : dict of str to str
        Native label -> canonical emotion.
    """

    language: str
    emotion: str | None = None
    speaker: str | None = None
    labels: dict = dataclasses.field(default_factory=dict)


def codes_in_texts(folder, files):
    """Read what codes mean from texts such as a README: ``01 = neutral``, ``H: happy``.

    Returns
    -------
    dict of str to str
        Code -> emotion; codes of which a text says two things are left out.
    """
    said = collections.defaultdict(set)
    for file in files:
        if not re.search(r"(?i)(^|/)(read[ _-]?me|info|about|codes?|labels?|legend)[^/]*$", file.path) or file.is_audio:
            continue
        path = real_path(folder, file.source)
        if path.stat().st_size > 1_000_000:
            continue
        text = nfc(path.read_bytes().decode("utf-8", "replace"))
        pairs = re.findall(
            r"(?<![\w-])(\d{1,3}|[A-Za-z]{1,3})[`'\"]?\s*(?:=+>?|:|->|→|–|\t)\s*[`'\"]?([^\W\d_]+)", text
        )
        for code, word in pairs:
            guess = place_labels([word]).get(word)
            if guess and guess.how == "word":
                said[code].add(guess.emotion)
    return {code: emotions.pop() for code, emotions in said.items() if len(emotions) == 1}


def map_labels(proposal, folder, native, answers, codes):
    """Give every native label an emotion; say what is unsure."""
    counts = collections.Counter(label for label in native if label is not None)
    words = proposal.words
    placed = place_labels(words.values(), answers.language)
    by_word = {label: placed[word] for label, word in words.items() if word in placed and placed[word].how == "word"}
    placed = place_labels(counts, answers.language) | by_word
    for label in sorted(counts):
        guess, word = placed.get(label), words.get(label) if label in by_word else None
        if label in answers.labels:
            proposal.labels[label] = answers.labels[label]
        elif guess and guess.how == "word":
            proposal.labels[label] = guess.emotion
            _say_of_word(proposal, label, guess, word, answers)
        elif label in codes:
            proposal.labels[label] = codes[label]
            proposal.unsure.append((f"labels: {label}", f"{label} is {codes[label]} by a text in the folder"))
        elif guess:
            proposal.labels[label] = guess.emotion
            what = "a letter says little" if guess.how == "letter" else f"the beginning of a word ({guess.language})"
            if guess.how == "letter" or len(label) < 3 or guess.language not in (answers.language, "eng"):
                proposal.unsure.append((f"labels: {label}", f"is {label} really {guess.emotion}? {what}"))
        else:
            proposal.labels[label] = "other"
            proposal.unsure.append(
                (f"labels: {label}", f"what is {label} ({counts[label]} recordings)? an emotion, or drop")
            )
    _same_but_for_case(proposal, counts)
    unknown = [label for label in answers.labels if label not in counts]
    if unknown:
        raise XserError(f"--labels names {unknown[0]!r}, but the labels found are {', '.join(sorted(counts))}")
    emotions = set(proposal.labels.values()) - {"other", "drop"}
    if not emotions:
        there = ", ".join(sorted(counts)[:12])
        raise XserError(
            f"the labels {there} are no known words: say what they mean, --labels {sorted(counts)[0]}=angry,..."
        )
    if len(emotions) == 1:
        raise XserError(
            f"{folder} has one emotion only ({emotions.pop()}: {', '.join(sorted(counts)[:6])}), and telling emotions "
            "apart needs two: give --from the folder above, which holds the others too"
        )
    proposal.scheme = _scheme(emotions)
    proposal.labels = dict(sorted(proposal.labels.items(), key=lambda item: (CANONICAL + ("drop",)).index(item[1])))


def _say_of_word(proposal, label, guess, word, answers):
    if word and plain(word) != plain(label):
        proposal.found.append(f"{label} stands in {word}, and so is {guess.emotion}")
    elif guess.language not in (answers.language, "eng") and not same_language(guess.language, answers.language):
        proposal.unsure.append((f"labels: {label}", f"is {label} really {guess.emotion}? it is so in {guess.language}"))


def _same_but_for_case(proposal, counts):
    """Labels that differ in capitals alone are one: the most frequent spelling."""
    spellings = collections.defaultdict(list)
    for label in counts:
        spellings[label.casefold()].append(label)
    entries = {}
    for same in spellings.values():
        usual = max(same, key=lambda label: (counts[label], label))
        for label in set(same) - {usual}:
            entries[re.escape(label)] = usual
            del proposal.labels[label]
    if entries:
        proposal.columns["emotion"] = {"from": "{emotion}", "map": {**entries, ".*": "{emotion}"}}
        proposal.unsure.append(("columns", "labels that differ in capitals alone are taken for one"))


def _scheme(emotions):
    """The scheme of which the corpus has most classes; of several the first, and the usual four where there are all."""
    if set(SCHEMES["four"].emotions) <= emotions:
        return "four"
    fits = {}
    for name, scheme in SCHEMES.items():
        classes = {scheme.emotion_of(emotion) for emotion in emotions} - {None}
        fits[name] = (len(classes), classes == set(scheme.emotions))
    return max(fits, key=fits.get)
