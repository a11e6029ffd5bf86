"""The law of the batch samplers."""

import collections
import random

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from xser.core.errors import XserError
from xser.model.samplers import HierarchicalBatches, Lengths, ShuffledBatches

EMOTIONS = ("angry", "happy", "neutral", "sad")


def made_labels(cells, seed=0):
    """Shuffled (language, emotion) of utterances; `cells` maps (language, emotion) to a number."""
    labels = [cell for cell, count in cells.items() for _ in range(count)]
    random.Random(seed).shuffle(labels)
    return [language for language, _ in labels], [emotion for _, emotion in labels]


def full_cells(languages, low=5, high=40, seed=0):
    chance = random.Random(seed)
    return {(language, emotion): chance.randint(low, high) for language in languages for emotion in EMOTIONS}


def made_lengths(n, seed=0, **options):
    return Lengths(np.random.default_rng(seed).integers(30, 300, n), least=25, **options)


@pytest.fixture(params=["whole", "like lengths"])
def lengths_of(request):
    """Lengths of `n` utterances, or none: every promise holds both ways."""
    return (lambda n: None) if request.param == "whole" else made_lengths


def indices(sampler):
    """The sampler's batches as lists of utterances."""
    return [[draw.index for draw in batch] for batch in sampler]


@pytest.mark.parametrize("n, batch_size", [(1, 36), (36, 36), (37, 36), (100, 7), (1000, 36)])
@pytest.mark.parametrize("seed", range(3))
def test_shuffled_gives_each_utterance_once(n, batch_size, seed, lengths_of):
    sampler = ShuffledBatches(n, batch_size, seed, lengths=lengths_of(n))
    batches = indices(sampler)
    assert sorted(sum(batches, [])) == list(range(n))
    assert len(batches) == len(sampler) == -(-n // batch_size)
    assert max(map(len, batches)) <= batch_size
    assert max(map(len, batches)) - min(map(len, batches)) <= 1


def made_samplers(seed, lengths_of, **ranks):
    labels = made_labels(full_cells("abcde"))
    return [
        ShuffledBatches(301, 36, seed, lengths=lengths_of(301), **ranks),
        HierarchicalBatches(*labels, seed=seed, lengths=lengths_of(len(labels[0])), **ranks),
    ]


@pytest.mark.parametrize("kind", [0, 1])
def test_batches_depend_on_seed_and_epoch_alone(kind, lengths_of):
    def epoch(seed, number):
        sampler = made_samplers(seed, lengths_of)[kind]
        sampler.set_epoch(number)
        return list(sampler)

    sampler = made_samplers(3, lengths_of)[kind]
    for number in range(1, 5):
        sampler.set_epoch(number)
        assert list(sampler) == epoch(3, number)
        assert list(sampler) == epoch(3, number)  # a second pass of the same epoch
    drawn = [epoch(seed, number) for seed in range(3) for number in range(4)]
    assert all(one != two for i, one in enumerate(drawn) for two in drawn[:i])


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("world_size", [2, 3, 4])
def test_shares_of_the_ranks_make_the_batch_of_one_process(kind, world_size, lengths_of):
    """Down to where each utterance is cut."""
    whole = list(made_samplers(5, lengths_of)[kind])
    shares = [list(made_samplers(5, lengths_of, rank=rank, world_size=world_size)[kind]) for rank in range(world_size)]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert sorted(sum(parts, [])) == sorted(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("languages", ["abc", "abcde"])
def test_composition_of_every_batch(seed, languages, lengths_of):
    language_of, emotion_of = made_labels(full_cells(languages, seed=seed), seed)
    sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed, lengths=lengths_of(len(language_of)))
    assert sampler.batch_size == 36
    assert len(sampler) == -(-len(language_of) // 36)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches = indices(sampler)
        assert len(batches) == len(sampler)
        for batch in batches:
            assert len(set(batch)) == 36  # cells hold at least 5: nothing comes twice
            cells = collections.Counter((language_of[i], emotion_of[i]) for i in batch)
            assert len({language for language, _ in cells}) == 3
            assert len(cells) == 12 and set(cells.values()) == {3}


@pytest.mark.parametrize("seed", range(5))
def test_languages_and_utterances_come_evenly(seed, lengths_of):
    language_of, emotion_of = made_labels(full_cells("abcde", seed=seed), seed)
    lengths = lengths_of(len(language_of))
    sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed, batches_per_epoch=41, lengths=lengths)
    drawn = [i for batch in indices(sampler) for i in batch]
    languages = collections.Counter(language_of[i] for i in drawn)
    assert max(languages.values()) - min(languages.values()) <= 12  # one batch's share
    times = collections.Counter(drawn)
    for cell in set(zip(language_of, emotion_of, strict=True)):
        members = [i for i in range(len(language_of)) if (language_of[i], emotion_of[i]) == cell]
        counts = [times[i] for i in members]
        assert max(counts) - min(counts) <= 1  # without replacement until the cell is used up


@pytest.mark.parametrize("languages, per_cell, size", [("a", 9, 36), ("ab", 4, 32), ("abc", 3, 36)])
def test_fewer_languages_keep_the_size(languages, per_cell, size):
    labels = made_labels(full_cells(languages, low=10))
    sampler = HierarchicalBatches(*labels, languages_per_batch=3, utterances_per_cell=3, seed=0)
    assert sampler.batch_size == size
    for batch in indices(sampler):
        cells = collections.Counter((labels[0][i], labels[1][i]) for i in batch)
        assert len(cells) == len(languages) * 4 and set(cells.values()) == {per_cell}


def test_small_cells_repeat(lengths_of):
    cells = full_cells("abc", low=10) | {("b", "sad"): 2}
    language_of, emotion_of = made_labels(cells)
    lengths = lengths_of(len(language_of))
    for batch in indices(HierarchicalBatches(language_of, emotion_of, 3, 3, seed=0, lengths=lengths)):
        counts = collections.Counter(i for i in batch if (language_of[i], emotion_of[i]) == ("b", "sad"))
        assert sorted(counts.values()) == [1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_empty_cells_are_filled_from_the_same_emotion_of_other_languages(seed, lengths_of):
    cells = full_cells("abc", low=20)
    del cells["b", "happy"]
    language_of, emotion_of = made_labels(cells, seed)
    sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed, lengths=lengths_of(len(language_of)))
    fillers = collections.Counter()
    for batch in indices(sampler):
        assert len(set(batch)) == 36
        assert set(collections.Counter(emotion_of[i] for i in batch).values()) == {9}
        cells_drawn = collections.Counter((language_of[i], emotion_of[i]) for i in batch)
        assert cells_drawn["a", "happy"] + cells_drawn["c", "happy"] == 9
        fillers.update({language: cells_drawn[language, "happy"] - 3 for language in "ac"})
    assert abs(fillers["a"] - fillers["c"]) <= 1


def test_no_class_is_invented():
    labels = made_labels({("a", "angry"): 5, ("b", "sad"): 5})
    with pytest.raises(XserError, match="happy"):
        HierarchicalBatches(*labels, seed=0, classes=EMOTIONS)
    with pytest.raises(XserError, match="at least 1"):
        ShuffledBatches(0, 36, seed=0)


def test_a_rank_without_utterances_is_refused():
    with pytest.raises(XserError, match="8 processes"):
        ShuffledBatches(100, 4, seed=0, world_size=8)
    with pytest.raises(XserError, match="40 processes"):
        HierarchicalBatches(*made_labels(full_cells("abc")), seed=0, world_size=40)


def speech_with_durations(seed, n=40):
    """Labels and frames: language b is twice as slow as a, c between, and an angry speaker is twice as fast."""
    language_of, emotion_of = made_labels({(language, emotion): n for language in "abc" for emotion in EMOTIONS}, seed)
    slow = {"a": 1.0, "b": 2.0, "c": 1.4}
    chance = np.random.default_rng(seed)
    seconds = [
        slow[language] * (0.5 if emotion == "angry" else 1.0) * chance.lognormal(0.3, 0.3)
        for language, emotion in zip(language_of, emotion_of, strict=True)
    ]
    return language_of, emotion_of, (50 * np.array(seconds)).astype(int)


def told_by_length(batches, frames, labels, seed):
    """How much better than its permutations the length of what the model sees tells labels apart inside a batch.

    The score is the share of a batch's variance of lengths that lies between labels, averaged; given as the number of
    standard deviations of the same score with labels permuted inside each batch.
    """
    chance = np.random.default_rng(seed)
    shares = [np.zeros(1 + 200)]  # of the labels as they are, and of each permutation
    for batch in batches:
        lengths = np.array([min(frames[draw.index], draw.frames or 10**9) for draw in batch])
        if lengths.std() > 0:
            truth = np.unique([labels[draw.index] for draw in batch], return_inverse=True)[1]
            permuted = chance.permuted(np.tile(truth, (200, 1)), axis=1)
            shares.append(share_between(lengths, np.vstack([truth, permuted])))
    score, *permuted = np.mean(shares[1:] or shares, axis=0)
    return 0.0 if np.std(permuted) == 0 else (score - np.mean(permuted)) / np.std(permuted)


def share_between(lengths, labellings):
    """Share of the variance of lengths (utterances,) between the labels of each of (labellings, utterances)."""
    between = np.zeros(len(labellings))
    for label in range(labellings.max() + 1):
        has_it = labellings == label
        means = (has_it * lengths).sum(axis=1) / has_it.sum(axis=1)
        between += has_it.mean(axis=1) * (means - lengths.mean()) ** 2
    return between / lengths.var()


@pytest.mark.parametrize("seed", range(4))
def test_length_tells_neither_language_nor_emotion_inside_a_batch(seed):
    language_of, emotion_of, frames = speech_with_durations(seed)

    def told(lengths):
        sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed, lengths=lengths)
        batches = [batch for epoch in range(5) for batch in (sampler.set_epoch(epoch), *sampler)[1:]]
        return [told_by_length(batches, frames, labels, seed) for labels in (language_of, emotion_of)]

    assert max(told(Lengths(frames, least=5))) < 3
    assert min(told(None)) > 6  # whole utterances do tell: the measure can fail


def words_and_sentences(seed, n=30):
    """Labels and frames: one language has single words of 0.5 to 1.2 s, one sentences of 1.2 to 9 s, one of 1 to 3 s.

    Angry speech is half as long.
    """
    language_of, emotion_of = made_labels({(language, emotion): n for language in "tdu" for emotion in EMOTIONS}, seed)
    chance = np.random.default_rng(seed)
    bounds = {"t": (1.0, 1.2), "d": (2.4, 9), "u": (2, 3)}
    seconds = [
        chance.uniform(*bounds[language]) * (0.5 if emotion == "angry" else 1.0)
        for language, emotion in zip(language_of, emotion_of, strict=True)
    ]
    return language_of, emotion_of, (50 * np.array(seconds)).astype(int)


def classified_by_length(batches, frames, labels):
    """How often a decision tree tells a label from the length that the model sees, beyond chance.

    It knows the length, and what share of the batch's longest it is; it learns from every other batch, and the rest is
    the test. In standard deviations of the number of right guesses at chance (every label is as frequent).
    """
    known, wanted = [], []
    for batch in batches:
        seen = np.array([min(frames[draw.index], draw.frames or 10**9) for draw in batch])
        known.append(np.stack([seen, seen / seen.max()], axis=1))
        wanted.append([labels[draw.index] for draw in batch])
    tree = DecisionTreeClassifier(max_depth=6, random_state=0)
    tree.fit(np.concatenate(known[::2]), np.concatenate(wanted[::2]))
    truth = np.concatenate(wanted[1::2])
    right, chance = (tree.predict(np.concatenate(known[1::2])) == truth).sum(), 1 / len(set(labels))
    return (right - chance * len(truth)) / np.sqrt(len(truth) * chance * (1 - chance))


@pytest.mark.parametrize("seed", range(4))
def test_no_classifier_tells_language_or_emotion_from_length(seed):
    """Where some languages speak words and others sentences, and over all batches, not inside one alone."""
    language_of, emotion_of, frames = words_and_sentences(seed)

    def told(lengths):
        sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed, lengths=lengths)
        batches = [batch for epoch in range(20) for batch in (sampler.set_epoch(epoch), *sampler)[1:]]
        return [classified_by_length(batches, frames, labels) for labels in (language_of, emotion_of)]

    assert max(told(Lengths(frames, least=25, most=200))) < 3
    assert min(told(None)) > 10
    assert min(told(Lengths(frames, most=200, alike=False))) > 10  # a fixed crop leaves much to tell


@pytest.mark.parametrize("seed", range(4))
def test_how_often_an_utterance_is_drawn_does_not_depend_on_its_length(seed):
    """Nor how often with which other language: each batch takes of a cell what it would take without lengths."""
    language_of, emotion_of, frames = words_and_sentences(seed)
    sampler = HierarchicalBatches(
        language_of, emotion_of, 3, 2, seed=seed, batches_per_epoch=7, lengths=Lengths(frames, least=25)
    )
    times = np.zeros(len(frames))
    for epoch in range(400):  # of the 30 of a cell, 14 an epoch
        sampler.set_epoch(epoch)
        times += np.bincount([draw.index for batch in sampler for draw in batch], minlength=len(frames))
    share = 14 / 30
    deviations = (times - 400 * share) / np.sqrt(400 * share * (1 - share))
    assert abs(deviations).max() < 4.5
    for cell in set(zip(language_of, emotion_of, strict=True)):
        members = [i for i in range(len(frames)) if (language_of[i], emotion_of[i]) == cell]
        ordered = np.array(members)[np.argsort(frames[members], kind="stable")]
        assert abs(deviations[ordered[:10]].mean() - deviations[ordered[-10:]].mean()) < 4 * np.sqrt(2 / 10)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["shuffled", "hierarchical"])
def test_next_to_nothing_is_padded(kind, seed):
    language_of, emotion_of, frames = speech_with_durations(seed)

    def padding_and_loss(lengths):
        if kind == "shuffled":
            sampler = ShuffledBatches(len(frames), 36, seed, lengths=lengths)
        else:
            sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed, lengths=lengths)
        padded = real = whole = 0
        for batch in sampler:
            seen = [min(frames[draw.index], draw.frames or 10**9) for draw in batch]
            padded, real = padded + max(seen) * len(seen), real + sum(seen)
            whole += sum(frames[draw.index] for draw in batch)
        return 1 - real / padded, 1 - real / whole

    assert padding_and_loss(None)[0] > 0.4
    padding, loss = padding_and_loss(Lengths(frames, least=5))
    assert padding < 0.02
    random = np.random.default_rng(seed).permutation(len(frames))
    cut_at_random = sum(len(batch) * frames[batch].min() for batch in np.array_split(random, len(frames) // 36))
    assert loss < 0.95 * (1 - cut_at_random / frames.sum())  # like lengths together: less is cut away


@pytest.mark.parametrize("kind", [0, 1])
def test_every_part_of_an_utterance_is_seen(kind):
    sampler = made_samplers(0, made_lengths)[kind]
    where = [draw.where for epoch in range(20) for batch in (sampler.set_epoch(epoch), *sampler)[1:] for draw in batch]
    found, _ = np.histogram(where, bins=10, range=(0, 1))
    assert found.min() > 0.08 * len(where)


def test_a_batch_is_cut_between_least_and_most():
    lengths = Lengths([100, 200, 400, 30], least=50, most=150)
    assert (lengths.of_batch([1, 2]), lengths.of_batch([0, 1]), lengths.of_batch([0, 3])) == (150, 100, 50)
    assert Lengths([100, 200], alike=False).of_batch([0, 1]) is None
    assert Lengths([100, 200], most=150, alike=False).of_batch([0, 1]) == 150
