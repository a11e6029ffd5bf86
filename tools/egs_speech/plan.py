"""What egs_data/ holds: every utterance, its file and its fields, from corpora.yaml."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import yaml

HERE = Path(__file__).parent
RATE = 16000
# Samples in a block of IMA ADPCM at 16 kHz, and in a frame of AAC: recordings of whole blocks need no padding, which
# would be digital silence.
BLOCK = {".wav": 1017, ".mp4": 1024}
BLOCKS = range(15, 23)
# espeak-ng's voice variants that sound like people and do not change the rate much.
VARIANTS = {
    "female": ["f1", "f2", "f3", "f4", "f5", "Annie", "linda", "steph", "aunty"],
    "male": ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "pablo", "john", "edward", "Michel"],
}


@dataclasses.dataclass(frozen=True)
class Utterance:
    """One recording to be made."""

    corpus: str
    path: str
    """Below egs_data/, with the corpus's folder."""
    label: str
    """Native label, as the corpus spells it."""
    style: str
    speaker: str
    voice: str
    """espeak-ng's name of the language and the speaker's voice variant, such as ``de+f3``."""
    text: str
    sentence: str
    samples: int
    """Length: a matter of speaker and text, never of the label."""
    row: dict = dataclasses.field(default_factory=dict, compare=False)
    """What stands of it in the corpus's table (MELD): the table's name and its columns."""


def random_numbers(*names):
    """Return the random numbers that belong to `names`: the same on every machine and NumPy, for ever.

    `numpy.random.RandomState` promises an unchanging stream, which `numpy.random.default_rng` does not.

    Examples
    --------
    >>> random_numbers("emodb", "03").randint(1000) == random_numbers("emodb", "03").randint(1000)
    True
    """
    digest = hashlib.sha256("/".join(names).encode("utf-8")).digest()
    return np.random.RandomState(np.frombuffer(digest, dtype="<u4"))


def read_plan():
    """Return every `Utterance` of every corpus, in the order of corpora.yaml."""
    described = yaml.safe_load((HERE / "corpora.yaml").read_text(encoding="utf-8"))
    utterances = []
    for name, corpus in described.items():
        in_tables = "dialogue" in corpus["path"]
        utterances += _dialogues(name, corpus) if in_tables else _cells(name, corpus)
    return utterances


def count_labels(utterances):
    """Return ``{corpus: {native label: count}}``.

    Examples
    --------
    >>> count_labels(read_plan())["turevdb"]
    {'Angry': 24, 'Happy': 24, 'Calm': 24, 'Sad': 24}
    """
    counts = {}
    for utterance in utterances:
        of_corpus = counts.setdefault(utterance.corpus, {})
        of_corpus[utterance.label] = of_corpus.get(utterance.label, 0) + 1
    return counts


def _spoken(corpus):
    """Yield (index of the speaker, index of the text, label, its settings) of everything that a corpus says."""
    speakers, texts = len(corpus["speakers"]), len(corpus["texts"])
    for speaker in range(speakers):
        for text in range(texts):
            for label, settings in corpus["labels"].items():
                yield speaker, text, label, settings
    for label, settings in corpus.get("others", {}).items():
        for number in range(settings["utterances"]):
            # Speakers in turn, and texts in turn with them.
            yield number % speakers, (number // speakers + number) % texts, label, settings


def _cells(name, corpus):
    """Return the utterances of a corpus whose file names say everything."""
    utterances = []
    for speaker, text, label, settings in _spoken(corpus):
        fields = dict(settings)
        if "either" in fields:
            fields |= fields["either"][(speaker + text) % 2]
        if "takes" in corpus:
            fields["take"] = corpus["takes"][(speaker + text) % len(corpus["takes"])]
        text_id = list(corpus["texts"])[text]
        if "first" in fields:
            fields["number"] = fields["first"] + int(text_id)
        fields["cell"] = 10 + speaker * len(corpus["texts"]) + text
        utterances.append(_utterance(name, corpus, speaker, text, label, fields))
    return utterances


def _dialogues(name, corpus):
    """Return the utterances of a corpus in dialogues, which are listed in one table a part."""
    of_cell = {}
    for speaker, text, label, settings in _spoken(corpus):
        of_cell.setdefault((speaker, text), []).append((label, settings))
    utterances, dialogues, lines = [], {}, {}
    for (speaker, text), turns in of_cell.items():
        part = _part(corpus, speaker, text)
        dialogue = dialogues[part] = dialogues.get(part, -1) + 1
        order = random_numbers(name, part, str(dialogue)).permutation(len(turns))
        for turn, index in enumerate(order):
            label, settings = turns[index]
            fields = dict(settings) | {"folder": corpus["folders"][part], "dialogue": dialogue, "turn": turn}
            utterance = _utterance(name, corpus, speaker, text, label, fields)
            lines[part] = lines.get(part, 0) + 1
            row = _row(utterance, lines[part], fields, dialogue, turn)
            utterances.append(dataclasses.replace(utterance, row={"table": f"{name}/{part}_sent_emo.csv"} | row))
    return utterances


def _part(corpus, speaker, text):
    if text < len(corpus["texts"]) - 1:
        return "train"
    return "dev" if speaker < len(corpus["speakers"]) // 2 else "test"


def _row(utterance, line, fields, dialogue, turn):
    """Return one line of a ``*_sent_emo.csv``, with the columns of the official ones."""
    start = dialogue * 60 + turn * 3
    return {
        "Sr No.": line,
        "Utterance": utterance.sentence,
        "Speaker": utterance.speaker,
        "Emotion": utterance.label,
        "Sentiment": fields["sentiment"],
        "Dialogue_ID": dialogue,
        "Utterance_ID": turn,
        "Season": 1,
        "Episode": 1,
        "StartTime": _clock(start),
        "EndTime": _clock(start + utterance.samples / RATE),
    }


def _clock(seconds):
    """Write a time as the official tables do.

    Examples
    --------
    >>> _clock(62.5)
    '00:01:02,500'
    """
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d},{milliseconds % 1000:03d}"


def _utterance(name, corpus, speaker, text, label, fields):
    speaker_id = list(corpus["speakers"])[speaker]
    text_id, sentence = list(corpus["texts"].items())[text]
    folder = corpus.get("corpus", name)
    path = corpus["path"].format(speaker=speaker_id, text=text_id, label=label, **fields)
    blocks = random_numbers("length", name, speaker_id, text_id).choice(BLOCKS)
    return Utterance(
        corpus=folder,
        path=f"{folder}/{path}",
        label=label,
        style=fields["style"],
        speaker=speaker_id,
        voice=f"{corpus['voice']}+{_variant(name, corpus['speakers'], speaker_id)}",
        text=text_id,
        sentence=sentence,
        samples=int(blocks) * BLOCK[Path(path).suffix],
    )


def _variant(name, speakers, speaker):
    """Return the voice variant of `speaker`: no two speakers of a corpus share one."""
    gender = speakers[speaker]
    variants = VARIANTS[gender]
    place = [other for other in speakers if speakers[other] == gender].index(speaker)
    return variants[(random_numbers("voices", name).randint(len(variants)) + place) % len(variants)]
