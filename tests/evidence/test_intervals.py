"""Bootstraps against loops that really resample, and how often their intervals hold the truth."""

import numpy as np
import pytest

from xser.evidence.figures.intervals import FEWEST_SPEAKERS, interval, speaker_bootstrap, utterance_bootstrap


def outcomes(seed, utterances=40, emotions=3, seeds=3, weights=(0.6, 0.3, 0.1)):
    """Reference (utterances,) and predictions (utterances, seeds), half of them right."""
    rng = np.random.default_rng(seed)
    reference = rng.choice(emotions, utterances, p=weights)
    right = rng.random((utterances, seeds)) < 0.5
    predicted = np.where(right, reference[:, None], (reference[:, None] + 1) % emotions)
    return reference, predicted


def share_of_hits(reference, predicted):
    return (predicted == reference[:, None]).mean(axis=1)


def mean_uar(reference, predicted):
    """By the definition: UAR of each seed over the emotions that occur, averaged over seeds."""
    hits = predicted == reference[:, None]
    return np.mean([np.mean([hits[reference == k, s].mean() for k in set(reference)]) for s in range(hits.shape[1])])


@pytest.mark.parametrize("seed", range(4))
def test_speakers_drawn_together_give_exactly_the_uar_of_their_utterances(seed):
    reference, predicted = outcomes(seed)
    speakers = np.random.default_rng(seed + 100).choice(list("abcdefg"), len(reference))
    draws = speaker_bootstrap(reference, share_of_hits(reference, predicted), speakers, 3, resamples=50, seed=seed)
    names = np.unique(speakers)
    times = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=50)
    for draw, counts in zip(draws[:, 0], times, strict=True):
        rows = np.concatenate(
            [np.tile(np.flatnonzero(speakers == name), count) for name, count in zip(names, counts, strict=True)]
        ).astype(int)
        assert draw == pytest.approx(mean_uar(reference[rows], predicted[rows]), abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_utterances_are_drawn_as_a_loop_draws_them(seed):
    reference, predicted = outcomes(seed)
    rng = np.random.default_rng(seed + 1000)
    rows = rng.integers(len(reference), size=(1000, len(reference)))
    loop = np.array([mean_uar(reference[drawn], predicted[drawn]) for drawn in rows])
    draws = utterance_bootstrap(reference, share_of_hits(reference, predicted), 3, resamples=20000, seed=seed)[:, 0]
    error = loop.std() / np.sqrt(len(loop))
    assert draws.mean() == pytest.approx(loop.mean(), abs=5 * error)
    assert draws.std() == pytest.approx(loop.std(), rel=0.1)
    assert np.allclose(interval(draws), interval(loop), atol=20 * error)


def test_a_resample_without_an_emotion_averages_over_the_others():
    # One utterance of emotion 1, never recognised: with it a UAR of 0.5, without it 1 (emotion 0 is always right).
    reference, hits = np.array([0] * 4 + [1]), np.array([1.0] * 4 + [0.0])
    draws = utterance_bootstrap(reference, hits, 2, resamples=20000)[:, 0]
    assert set(draws) == {0.0, 0.5, 1.0}
    assert np.mean(draws == 1) == pytest.approx(0.8**5, abs=0.02)


def test_perfect_and_hopeless_systems_have_no_width():
    reference = np.arange(40) % 4
    assert interval(utterance_bootstrap(reference, np.ones(40), 4)[:, 0]) == (1, 1)
    assert interval(utterance_bootstrap(reference, np.zeros(40), 4)[:, 0]) == (0, 0)


def test_the_same_seed_draws_the_same_and_another_does_not():
    reference, predicted = outcomes(0)
    hits = share_of_hits(reference, predicted)
    first, again, other = (utterance_bootstrap(reference, hits, 3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("bootstrap", ["utterances", "speakers"])
def test_systems_share_their_resamples(bootstrap):
    reference, predicted = outcomes(3, utterances=200)
    hits = share_of_hits(reference, predicted)
    worse = hits * (np.random.default_rng(0).random(200) < 0.97)
    both = np.column_stack([hits, hits, worse])
    if bootstrap == "utterances":
        draws = utterance_bootstrap(reference, both, 3)
        alone = utterance_bootstrap(reference, worse, 3, seed=9)
    else:
        speakers = np.arange(200) // 10
        draws = speaker_bootstrap(reference, both, speakers, 3)
        alone = speaker_bootstrap(reference, worse, speakers, 3, seed=9)
    assert np.array_equal(draws[:, 0], draws[:, 1])
    assert (draws[:, 0] >= draws[:, 2]).all()
    assert (draws[:, 0] - draws[:, 2]).std() < 0.7 * (draws[:, 0] - alone[:, 0]).std()


def test_unknown_or_few_speakers_give_no_interval():
    reference, hits = np.arange(12) % 3, np.ones(12)
    for speakers in (["x"] * 11 + [""], np.arange(12) % (FEWEST_SPEAKERS - 1)):
        draws = speaker_bootstrap(reference, hits, speakers, 3)
        assert np.isnan(draws).all() and np.isnan(interval(draws[:, 0])).all()
    assert not np.isnan(speaker_bootstrap(reference, hits, np.arange(12) % FEWEST_SPEAKERS, 3)).any()


def covered(truth, draws):
    low, high = interval(draws[:, 0])
    return low <= truth <= high


# Bounds: coverage over other data sets (5000: 0.943; 1500: 0.931 and 0.66), and three to four standard errors.


def test_intervals_hold_the_truth_as_often_as_they_say():
    recall = np.array([0.9, 0.6, 0.5, 0.3])
    hold = []
    for data in range(1500):
        rng = np.random.default_rng([1, data])
        reference = rng.choice(4, 150, p=(0.4, 0.3, 0.2, 0.1))
        hits = rng.random(150) < recall[reference]
        hold.append(covered(recall.mean(), utterance_bootstrap(reference, hits, 4, resamples=300, seed=[2, data])))
    assert 0.92 < np.mean(hold) < 0.967


def test_where_speakers_differ_only_the_interval_over_speakers_holds():
    """24 speakers, each recognised by a share of its own with mean 0.6."""
    over_utterances, over_speakers = [], []
    for data in range(600):
        rng = np.random.default_rng([3, data])
        speakers = np.repeat(np.arange(24), 20)
        reference = np.tile(np.arange(4), 120)
        hits = rng.random(480) < rng.beta(3, 2, 24)[speakers]
        how = {"emotions": 4, "resamples": 300, "seed": [4, data]}
        over_utterances.append(covered(0.6, utterance_bootstrap(reference, hits, **how)))
        over_speakers.append(covered(0.6, speaker_bootstrap(reference, hits, speakers, **how)))
    assert 0.895 < np.mean(over_speakers) < 0.967
    assert np.mean(over_utterances) < 0.75
