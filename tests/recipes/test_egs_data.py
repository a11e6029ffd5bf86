"""egs_data/ is small, laid out as the recipes expect, and gives emotion away through the voice alone."""

import doctest
import functools
import importlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.support import CHECKOUT
from tests.support.official_lists import read_list
from xser.core.errors import XserError
from xser.corpora.audio.decoding import read_recording
from xser.corpora.description.corpus import read_corpus
from xser.corpora.description.emotions import load_scheme
from xser.corpora.scanning import scan

EGS_DATA = CHECKOUT / "egs_data"
CORPORA = ["cafe", "cremad", "emodb", "esd", "meld", "ravdess", "turevdb", "urdu"]
SEEDS = range(3)

each_corpus = pytest.mark.parametrize("corpus", CORPORA)


@pytest.fixture(scope="module")
def tool():
    """Return the module tools/make_egs_data.py."""
    sys.path.insert(0, str(CHECKOUT / "tools"))
    try:
        return importlib.import_module("make_egs_data")
    finally:
        sys.path.remove(str(CHECKOUT / "tools"))


@functools.cache
def recordings(corpus):
    """Return the rows of a corpus with their emotion, samples, rate and what else can be measured."""
    description = read_corpus(CHECKOUT / "recipes" / corpus / "corpus.yaml")
    rows = scan(description, EGS_DATA / corpus, expected=counts()[corpus]).rows
    emotion_of = load_scheme("four_calm").emotion_of
    rows["emotion"] = [emotion_of(description.labels[label]) for label in rows.native_label]
    if corpus != "turevdb":  # where there is neutral, a few calm ones are beside the four
        rows.loc[rows.native_label == "calm", "emotion"] = None
    audio = [read_recording(EGS_DATA / corpus / source) for source in rows.source]
    rows["samples"], rows["rate"] = zip(*audio, strict=True)
    rows["seconds"] = [len(samples) / rate for samples, rate in audio]
    rows["level"] = [10 * np.log10(np.mean(samples.astype(float) ** 2)) for samples, _ in audio]
    return rows


def counts():
    return yaml.safe_load((EGS_DATA / "counts.yaml").read_text(encoding="utf-8"))["counts"]


@functools.cache
def texts_of_the_plan(tool):
    return {utterance.path: utterance.text for utterance in tool.read_plan()}


def four_emotions(corpus, tool):
    """Return the recordings of the four emotions; `text` is the plan's, as URDU's and MELD's names tell none."""
    texts = texts_of_the_plan(tool)
    rows = recordings(corpus)
    rows = rows[rows.emotion.notna()].reset_index(drop=True)
    rows["text"] = [f"{row.language} {texts[f'{corpus}/{row.source}']}" for row in rows.itertuples()]
    return rows


def guess(rows, features, seed):
    """Share of emotions guessed rightly from the columns `features` by a decision tree, five-fold cross-validated.

    What one speaker says of one text is held out together: otherwise the emotions that are left in training would be
    those that are not asked for, and the guess would come out worse than chance.
    """
    of_numbers = all(pd.api.types.is_float_dtype(rows[feature]) for feature in features)
    tree = DecisionTreeClassifier(min_samples_leaf=4 if of_numbers else 1, random_state=seed)
    model = tree if of_numbers else make_pipeline(OneHotEncoder(handle_unknown="ignore"), tree)
    folds = GroupKFold(5, shuffle=True, random_state=seed)
    cells = rows.speaker + rows.text
    return np.mean(cross_val_predict(model, rows[features], rows.emotion, groups=cells, cv=folds) == rows.emotion)


def chance(size):
    """Least and greatest share that guessing in the dark gives in 999 of 1000 runs of this module.

    Without knowledge each of `size` guesses is right with probability 1/4, so their number is binomial; 0.001 is
    divided by the number of games that are played, and by two for the two sides.
    """
    games = len(CORPORA) * 5 * len(SEEDS)
    lowest, highest = binom.interval(1 - 0.001 / games, size, 0.25)
    return lowest / size, highest / size


def test_is_small():
    size = sum(path.stat().st_size for path in EGS_DATA.rglob("*") if path.is_file())
    assert size <= 12e6


def test_counts_say_that_they_are_made_up():
    content = yaml.safe_load((EGS_DATA / "counts.yaml").read_text(encoding="utf-8"))
    assert content["made_up"] is True
    assert sorted(content["counts"]) == CORPORA


@each_corpus
def test_is_where_the_recipe_expects_it(corpus):
    description = read_corpus(CHECKOUT / "recipes" / corpus / "corpus.yaml")
    found = scan(description, EGS_DATA / corpus, expected=counts()[corpus])
    assert found.complete and not found.notes and not found.left_out
    assert found.rows.native_label.value_counts().to_dict() == counts()[corpus]
    assert found.rows.speaker.nunique() >= 6


def test_speaks_six_languages():
    languages = {language for corpus in CORPORA for language in recordings(corpus).language}
    assert languages == {"cmn", "deu", "eng", "fra", "tur", "urd"}


def test_names_are_the_real_corpora_s():
    """Where the real corpus has all combinations of speaker, text and emotion, ours are among its official files."""
    for corpus in ("ravdess", "cremad", "cafe", "esd"):
        official = {Path(path).name for path, _ in read_list(corpus)}
        strange = {Path(source).name for source in recordings(corpus).source} - official
        assert not strange, f"{corpus}: {sorted(strange)[:3]}"


@each_corpus
def test_meets_the_levels_of_speech(corpus):
    rows = recordings(corpus)
    assert set(rows.rate) == {16000}
    assert rows.seconds.between(0.9, 1.45).all()
    for row in rows.itertuples():
        peak = np.abs(row.samples).max()
        assert 0.03 < peak < 0.99, row.source
        # No stretch of digital silence (100 equal samples), which no microphone records.
        steps = np.flatnonzero(np.diff(row.samples))
        assert np.diff(steps, prepend=-1, append=len(row.samples)).max() < 100, row.source
        # Someone speaks: there are 20 ms frames well above the quietest.
        frames = row.samples[: len(row.samples) // 320 * 320].reshape(-1, 320).astype(float)
        loudness = np.sort(10 * np.log10((frames**2).mean(axis=1)))
        assert loudness[-5] - loudness[4] > 6, row.source


def test_no_two_recordings_are_the_same():
    digests = [hash(samples.tobytes()) for corpus in CORPORA for samples in recordings(corpus).samples]
    assert len(set(digests)) == len(digests)


@each_corpus
def test_every_emotion_has_the_same_speakers_texts_and_lengths(corpus, tool):
    rows = four_emotions(corpus, tool)
    said = {
        emotion: sorted(zip(group.speaker, group.text, group["take"], group.seconds, strict=True))
        for emotion, group in rows.groupby("emotion")
    }
    assert len(said) == 4
    assert all(cells == said["angry"] for cells in said.values())
    assert rows.seconds.nunique() >= 6


@each_corpus
def test_speaker_text_and_duration_give_nothing_away(corpus, tool):
    rows = four_emotions(corpus, tool)
    rows["length"] = rows.seconds.round(4).astype(str)
    lowest, highest = chance(len(rows))
    assert highest < 0.5
    for features in (["speaker"], ["text"], ["seconds"], ["length"], ["speaker", "text", "length"]):
        for seed in SEEDS:
            assert lowest <= guess(rows, features, seed) <= highest, (features, seed)


def test_the_guess_would_see_a_leak(tool):
    """Emotions of unequal length, or speakers of one emotion, are found out by the same guess and the same bounds."""
    rows = four_emotions("emodb", tool)
    rows["seconds"] += 0.15 * rows.emotion.rank(method="dense")
    ranks = rows[["speaker", "emotion"]].rank(method="dense") % 4
    alike = rows[ranks.speaker == ranks.emotion]
    for seed in SEEDS:
        assert guess(rows, ["seconds"], seed) > chance(len(rows))[1]
        assert guess(alike, ["speaker"], seed) > chance(len(alike))[1]


@pytest.mark.parametrize("corpus, pattern", [("urdu", r"_F(\d+)_"), ("meld", r"_utt(\d+)")])
def test_numbers_in_names_give_nothing_away(corpus, pattern, tool):
    """URDU's clip numbers and the turns of MELD's dialogues follow no emotion."""
    rows = four_emotions(corpus, tool)
    rows["number"] = rows.source.str.extract(pattern)[0]
    for seed in SEEDS:
        assert guess(rows, ["number"], seed) <= chance(len(rows))[1]


@each_corpus
def test_level_tells_something_and_not_all(corpus, tool):
    """Angry speech is louder than sad speech, here as in life; but a level meter is no recogniser of emotions."""
    rows = four_emotions(corpus, tool)
    level = rows.groupby("emotion")["level"].mean()
    assert level["angry"] > level["neutral"] > level["sad"]
    assert np.mean([guess(rows, ["level"], seed) for seed in SEEDS]) < 0.6


def test_an_unseen_language_can_be_learnt_from_the_others(tool):
    """Spread of log-mel bands and of their changes, without the band means: neither chance nor perfect."""
    import torch

    from xser.model.encoders.log_mel import LogMel

    log_mel = LogMel(remove_band_mean=True)
    features, emotions, languages = [], [], []
    for corpus in CORPORA:
        for row in four_emotions(corpus, tool).itertuples():
            waveform = torch.tensor(row.samples)[None]
            frames = log_mel(waveform, torch.tensor([waveform.shape[1]]))[0][0].numpy()
            changes = [frames, np.diff(frames, axis=0), frames[5:] - frames[:-5]]
            features.append(np.concatenate([change.std(axis=0) for change in changes]))
            emotions.append(row.emotion)
            languages.append(row.language)
    features, emotions, languages = np.array(features), np.array(emotions), np.array(languages)
    recalls = {}
    for language in sorted(set(languages)):
        seen = languages != language
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
        guesses = model.fit(features[seen], emotions[seen]).predict(features[~seen])
        recalls[language] = recall_score(emotions[~seen], guesses, average="macro")
    assert min(recalls.values()) > 0.4, recalls
    assert 0.55 < np.mean(list(recalls.values())) < 0.9, recalls


def test_is_what_the_tool_makes(tool, tmp_path):
    """A few files of each corpus, made again, have the same bytes: `--check` in small."""
    try:
        differing = tool.version_warnings()
    except XserError as error:
        pytest.skip(str(error))
    if differing:
        pytest.skip("; ".join(differing))
    utterances = tool.read_plan()
    some = utterances[7::61]
    assert {utterance.corpus for utterance in some} == set(CORPORA)
    tool.make(some, tmp_path, jobs=1)
    for utterance in some:
        assert (tmp_path / utterance.path).read_bytes() == (EGS_DATA / utterance.path).read_bytes(), utterance.path


def test_tables_and_counts_are_what_the_tool_makes(tool, tmp_path):
    utterances = tool.read_plan()
    tables = tool.write_tables(utterances, tmp_path)
    for path in tables:
        assert (tmp_path / path).read_bytes() == (EGS_DATA / path).read_bytes(), path
    assert not tool.find_strays(EGS_DATA, [utterance.path for utterance in utterances] + tables)


def test_check_names_what_differs(tool, tmp_path):
    made, kept = tmp_path / "made", tmp_path / "kept"
    for folder, texts in ((made, {"a": "1", "b": "2", "c": "3"}), (kept, {"a": "1", "b": "x", "d": "4"})):
        folder.mkdir()
        for name, text in texts.items():
            (folder / name).write_text(text)
    with pytest.raises(XserError) as error:
        tool.compare(made, kept, ["a", "b", "c"])
    assert "c is missing; b differs; d is not of this making" in str(error.value)
    (kept / "b").write_text("2")
    (kept / "d").unlink()
    tool.compare(made, kept, ["a", "b"])


def test_missing_espeak_is_one_line(tool, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(XserError, match="apt install espeak-ng"):
        tool.main(["--output", str(tmp_path / "egs_data")])
    assert not (tmp_path / "egs_data").exists()


def test_examples_in_the_tool_hold(tool):
    for name in ("plan", "speech", "writing"):
        assert doctest.testmod(sys.modules[f"egs_speech.{name}"]).failed == 0
