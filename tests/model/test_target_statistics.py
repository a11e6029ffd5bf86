"""Common statistics by corpus and by speaker: what they take away, what they leave, who they think speaks."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from xser.core.errors import XserError
from xser.model.target_statistics import CommonStatistics, load_reference, save_reference, speaker_clusters


@pytest.fixture
def spoken():
    """Frames of three corpora with two speakers each: every corpus, and every speaker, has an offset of its own."""
    generator = torch.Generator().manual_seed(0)
    rows, features = [], {}
    for corpus in range(3):
        for speaker in range(2):
            for number in range(5):
                digest = f"{corpus}{speaker}{number}"
                frames = torch.randn(3 + number, 2, 4, generator=generator)
                features[digest] = (1 + corpus) * frames + 10 * corpus + 3 * speaker
                rows.append({"digest": digest, "corpus": f"c{corpus}", "speaker": f"s{speaker}"})
    return pd.DataFrame(rows), features


def frames_of(common, rows):
    return torch.cat([common(digest) for digest in rows["digest"]])


def test_every_corpus_gets_the_mean_and_deviation_of_all(spoken):
    rows, features = spoken
    common = CommonStatistics(features.__getitem__, rows, "corpus")
    every = torch.cat(list(features.values()))
    for _, part in rows.groupby("corpus"):
        frames = frames_of(common, part)
        assert torch.allclose(frames.mean(dim=0), every.mean(dim=0), atol=1e-4)
        assert torch.allclose(frames.std(dim=0, correction=0), every.std(dim=0, correction=0), atol=1e-4)


def test_every_speaker_gets_the_mean_of_all_and_keeps_its_deviation(spoken):
    rows, features = spoken
    common = CommonStatistics(features.__getitem__, rows, "speaker")
    every = torch.cat(list(features.values()))
    for _, part in rows.groupby(["corpus", "speaker"]):
        frames, before = frames_of(common, part), torch.cat([features[digest] for digest in part["digest"]])
        assert torch.allclose(frames.mean(dim=0), every.mean(dim=0), atol=1e-4)
        assert torch.allclose(frames.std(dim=0), before.std(dim=0), atol=1e-4)


def test_the_target_is_brought_to_the_statistics_of_training(spoken, tmp_path):
    rows, features = spoken
    seen, target = rows[rows["corpus"] != "c2"], rows[rows["corpus"] == "c2"]
    save_reference(tmp_path, CommonStatistics(features.__getitem__, seen, "corpus"))
    kept = load_reference(tmp_path)
    common = CommonStatistics(features.__getitem__, target, "corpus", kept)
    assert torch.allclose(frames_of(common, target).mean(dim=0), kept[0], atol=1e-4)
    every = torch.cat([features[digest] for digest in seen["digest"]])
    assert torch.allclose(kept[0], every.mean(dim=0), atol=1e-4)


def test_rows_from_two_tables_keep_their_groups(spoken):
    rows, features = spoken
    twice_numbered = pd.concat([rows.iloc[::2].reset_index(drop=True), rows.iloc[1::2].reset_index(drop=True)])
    one = CommonStatistics(features.__getitem__, rows, "speaker")
    other = CommonStatistics(features.__getitem__, twice_numbered, "speaker")
    assert all(torch.allclose(one(digest), other(digest)) for digest in rows["digest"])


def test_unknown_speakers_are_found_by_clustering(spoken):
    rows, features = spoken
    known = CommonStatistics(features.__getitem__, rows, "speaker")
    guessed = CommonStatistics(features.__getitem__, rows.assign(speaker=""), "speaker")
    of_first = rows[rows["corpus"] == "c0"]  # its speakers lie three deviations apart
    assert all(torch.allclose(known(digest), guessed(digest), atol=1e-5) for digest in of_first["digest"])


def test_what_is_asked_for_makes_no_difference(spoken):
    rows, features = spoken
    anew = rows.sample(frac=1, random_state=1)
    for by, known in (("corpus", rows), ("speaker", rows), ("speaker", rows.assign(speaker=""))):
        one = CommonStatistics(features.__getitem__, known, by)
        other = CommonStatistics(features.__getitem__, anew.assign(speaker=known["speaker"]), by)
        assert all(torch.equal(one(digest), other(digest)) for digest in reversed(rows["digest"]))


@pytest.mark.parametrize("speakers", [2, 4, 9])
def test_as_many_clusters_as_there_are_speakers(speakers):
    chance = np.random.default_rng(speakers)
    centres = chance.normal(0, 6, (speakers, 20))
    who = np.repeat(np.arange(speakers), 12)
    clusters = speaker_clusters(centres[who] + chance.normal(0, 1, (len(who), 20)))
    assert adjusted_rand_score(who, clusters) == 1.0


def test_few_utterances_are_one_speaker():
    assert speaker_clusters(np.zeros((3, 5))).tolist() == [0, 0, 0]


def test_waveforms_are_refused(spoken):
    rows, features = spoken
    waveforms = {digest: frames[:, 0, 0] for digest, frames in features.items()}
    with pytest.raises(XserError, match="--target-statistics"):
        CommonStatistics(waveforms.__getitem__, rows, "corpus")
