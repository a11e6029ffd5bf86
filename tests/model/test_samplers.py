"""The law of the batch samplers."""

import collections
import random

import pytest

from xser.errors import XserError
from xser.model.samplers import HierarchicalBatches, ShuffledBatches

EMOTIONS = ("angry", "happy", "neutral", "sad")


def made_labels(cells, seed=0):
    """Shuffled (language, emotion) of utterances; `cells` maps (language, emotion) to a number."""
    labels = [cell for cell, count in cells.items() for _ in range(count)]
    random.Random(seed).shuffle(labels)
    return [language for language, _ in labels], [emotion for _, emotion in labels]


def full_cells(languages, low=5, high=40, seed=0):
    chance = random.Random(seed)
    return {(language, emotion): chance.randint(low, high) for language in languages for emotion in EMOTIONS}


@pytest.mark.parametrize("n, batch_size", [(1, 36), (36, 36), (37, 36), (100, 7), (1000, 36)])
@pytest.mark.parametrize("seed", range(3))
def test_shuffled_gives_each_utterance_once(n, batch_size, seed):
    sampler = ShuffledBatches(n, batch_size, seed)
    batches = list(sampler)
    assert sorted(sum(batches, [])) == list(range(n))
    assert len(batches) == len(sampler) == -(-n // batch_size)
    assert max(map(len, batches)) <= batch_size
    assert max(map(len, batches)) - min(map(len, batches)) <= 1


def made_samplers(seed, **ranks):
    labels = made_labels(full_cells("abcde"))
    return [ShuffledBatches(301, 36, seed, **ranks), HierarchicalBatches(*labels, seed=seed, **ranks)]


@pytest.mark.parametrize("kind", [0, 1])
def test_batches_depend_on_seed_and_epoch_alone(kind):
    def epoch(seed, number):
        sampler = made_samplers(seed)[kind]
        sampler.set_epoch(number)
        return list(sampler)

    sampler = made_samplers(3)[kind]
    for number in range(1, 5):
        sampler.set_epoch(number)
        assert list(sampler) == epoch(3, number)
        assert list(sampler) == epoch(3, number)  # a second pass of the same epoch
    drawn = [epoch(seed, number) for seed in range(3) for number in range(4)]
    assert all(one != two for i, one in enumerate(drawn) for two in drawn[:i])


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("world_size", [2, 3, 4])
def test_shares_of_the_ranks_make_the_batch_of_one_process(kind, world_size):
    whole = list(made_samplers(5)[kind])
    shares = [list(made_samplers(5, rank=rank, world_size=world_size)[kind]) for rank in range(world_size)]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert sorted(sum(parts, [])) == sorted(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("languages", ["abc", "abcde"])
def test_composition_of_every_batch(seed, languages):
    language_of, emotion_of = made_labels(full_cells(languages, seed=seed), seed)
    sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed)
    assert sampler.batch_size == 36
    assert len(sampler) == -(-len(language_of) // 36)
    for epoch in range(3):
        sampler.set_epoch(epoch)
        batches = list(sampler)
        assert len(batches) == len(sampler)
        for batch in batches:
            assert len(set(batch)) == 36  # cells hold at least 5: nothing comes twice
            cells = collections.Counter((language_of[i], emotion_of[i]) for i in batch)
            assert len({language for language, _ in cells}) == 3
            assert len(cells) == 12 and set(cells.values()) == {3}


@pytest.mark.parametrize("seed", range(5))
def test_languages_and_utterances_come_evenly(seed):
    language_of, emotion_of = made_labels(full_cells("abcde", seed=seed), seed)
    sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed, batches_per_epoch=41)
    drawn = [i for batch in sampler for i in batch]
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
    for batch in sampler:
        cells = collections.Counter((labels[0][i], labels[1][i]) for i in batch)
        assert len(cells) == len(languages) * 4 and set(cells.values()) == {per_cell}


def test_small_cells_repeat():
    cells = full_cells("abc", low=10) | {("b", "sad"): 2}
    language_of, emotion_of = made_labels(cells)
    for batch in HierarchicalBatches(language_of, emotion_of, 3, 3, seed=0):
        counts = collections.Counter(i for i in batch if (language_of[i], emotion_of[i]) == ("b", "sad"))
        assert sorted(counts.values()) == [1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_empty_cells_are_filled_from_the_same_emotion_of_other_languages(seed):
    cells = full_cells("abc", low=20)
    del cells["b", "happy"]
    language_of, emotion_of = made_labels(cells, seed)
    sampler = HierarchicalBatches(language_of, emotion_of, 3, 3, seed=seed)
    fillers = collections.Counter()
    for batch in sampler:
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
