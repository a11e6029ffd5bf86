"""The leave-one-out classifier: as brute force has it, blind where nothing is to be known, not fooled by a design."""

import collections
import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import homogeneity_score

from xser.audit.probes import leave_one_out, mutual_information, probe_groups, rank_groups


def brute_force(groups, emotions, kernel=None):
    """The probe as the module describes it, an utterance at a time."""
    kernel = np.eye(max(groups) + 1) if kernel is None else kernel
    sizes = collections.Counter(emotions)
    recalls = {emotion: [] for emotion in sizes}
    for left_out, (cell, emotion) in enumerate(zip(groups, emotions, strict=True)):
        weights = {name: [0.0] * sizes[name] for name in sizes}  # the one left out counts, with nothing
        for other, (at, name) in enumerate(zip(groups, emotions, strict=True)):
            if other != left_out:
                weights[name].append(float(kernel[cell, at]))
                weights[name].pop(0)
        rates = {name: sum(some) / sizes[name] for name, some in weights.items()}
        lows = {
            name: rates[name] - math.sqrt(max(np.var(some), kernel[cell, cell] ** 2 / sizes[name]) / sizes[name])
            for name, some in weights.items()
        }
        best = max(rates.values())
        level = [name for name in rates if best == 0 or (rates[name] > 0 and rates[name] >= max(lows.values()) - 1e-9)]
        recalls[emotion].append(1 / len(level) if emotion in level else 0.0)
    return float(np.mean([np.mean(some) for some in recalls.values()]))


def some_utterances(seed):
    rng = np.random.default_rng(seed)
    emotions = rng.choice(4, size=30, p=[0.4, 0.3, 0.2, 0.1])
    emotions[:8] = np.repeat(range(4), 2)
    groups = np.where(rng.random(30) < 0.5, emotions, rng.integers(6, size=30))
    return groups.tolist(), emotions.tolist()


@pytest.mark.parametrize("seed", range(8))
def test_the_probe_is_the_one_described(seed):
    groups, emotions = some_utterances(seed)
    assert probe_groups(groups, emotions, 1).uar == pytest.approx(brute_force(groups, emotions))


@pytest.mark.parametrize("seed", range(8))
def test_the_probe_from_what_is_kernel_is_the_one_described(seed):
    groups, emotions = some_utterances(seed)
    values = np.round(np.random.default_rng(seed).normal(size=30) + np.array(emotions), 1)
    groups, kernel = rank_groups(values)
    expected = brute_force(groups.tolist(), emotions, kernel)
    assert probe_groups(groups, emotions, 1, kernel=kernel).uar == pytest.approx(expected)


@pytest.mark.parametrize("sizes", [(50, 50, 50, 50), (120, 50, 20, 10), (30, 30), (8, 8, 8, 8, 8, 8, 8)])
@pytest.mark.parametrize("groups", [2, 10, 100])
def test_where_there_is_nothing_to_know_nothing_is_known(sizes, groups):
    emotions = np.repeat(range(len(sizes)), sizes)
    drawn = np.random.default_rng(groups).integers(groups, size=len(emotions))
    probe = probe_groups(drawn, emotions, 400)
    assert 0.6 / len(sizes) < probe.shuffled < 1 / len(sizes) + 0.01
    number, kernel = rank_groups(np.random.default_rng(groups).normal(size=len(emotions)))
    probe = probe_groups(number, emotions, 400, kernel=kernel)
    assert 0.6 / len(sizes) < probe.shuffled < 1 / len(sizes) + 0.01


def test_what_occurs_once_is_a_blind_probe():
    emotions = np.repeat([0, 1, 2], [5, 10, 15])
    assert probe_groups(np.arange(30), emotions, 1).uar == pytest.approx(1 / 3)


@pytest.mark.parametrize("utterances", [2, 3, 8, 96])
def test_a_balanced_design_is_chance(utterances):
    assert leave_one_out([[[utterances] * 8] * 24])[0] == pytest.approx(1 / 8)


@pytest.mark.parametrize("common", [(100, 100, 100), (99, 99, 99), (98, 98, 97), (90, 88, 89)])
def test_one_emotion_that_stands_apart_is_found_where_the_others_are_alike(common):
    apart = [[0, *common], [100, *(100 - number for number in common)]]
    assert 0.4 < leave_one_out([apart])[0] < 0.52  # all of one, a third of each of three: 0.5


def test_relations_that_are_not_monotone_are_found():
    rng = np.random.default_rng(0)
    emotions = np.repeat(range(4), 100)
    groups, kernel = rank_groups(rng.normal(size=400) * np.where(emotions == 0, 3, 1))
    probe = probe_groups(groups, emotions, 199, kernel=kernel)
    assert probe.p == 1 / 200 and probe.uar > 0.3


def test_neither_unit_nor_outlier_nor_sign_matters_for_the_place_of_a_number():
    values = np.random.default_rng(0).normal(size=300)
    groups, kernel = rank_groups(values)
    assert np.array_equal(groups, rank_groups(1000 * values + 7)[0])
    wild = np.where(values == values.max(), 1e30, values)
    assert np.array_equal(groups, rank_groups(wild)[0])
    emotions = (values > 1).astype(int)
    mirrored = rank_groups(-values)
    assert probe_groups(groups, emotions, 1, kernel=kernel).uar == pytest.approx(
        probe_groups(mirrored[0], emotions, 1, kernel=mirrored[1]).uar, abs=0.02
    )


def test_equal_numbers_share_a_place_apart_from_others():
    groups, kernel = rank_groups([0.0] * 90 + [1.0] * 10)
    assert len(set(groups[:90])) == 1 and len(set(groups[90:])) == 1
    assert kernel[groups[0], groups[-1]] == 0


def test_p_is_that_of_all_permutations():
    groups, emotions = [0, 0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 0, 1]
    real = brute_force(groups, emotions)
    every = [brute_force(groups, list(some)) for some in set(itertools.permutations(emotions))]
    exact = np.mean([uar >= real - 1e-9 for uar in every])
    probe = probe_groups(groups, emotions, 4000)
    assert probe.p == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4000))
    assert probe.shuffled == pytest.approx(np.mean(every), abs=0.02)


def test_the_order_of_utterances_has_no_influence_and_the_seed_alone_decides():
    rng = np.random.default_rng(0)
    groups, emotions = rng.integers(10, size=120), rng.integers(4, size=120)
    order = rng.permutation(120)
    probe = probe_groups(groups, emotions, 199, seed=3)
    assert probe_groups(groups[order], emotions[order], 199, seed=3) == probe
    assert probe_groups(groups, emotions, 199, seed=4) != probe
    assert probe_groups(groups, emotions, 199, seed=4).uar == probe.uar


def test_shuffles_worked_on_together_or_apart_are_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    groups, emotions = rng.integers(10, size=120), rng.integers(4, size=120)
    together = probe_groups(groups, emotions, 199)
    monkeypatch.setattr("xser.audit.probes.AT_ONCE", 1)
    assert probe_groups(groups, emotions, 199) == together


@pytest.mark.parametrize("seed", range(5))
def test_mutual_information_is_that_of_its_definition(seed):
    groups, emotions = some_utterances(seed)
    pairs = collections.Counter(zip(groups, emotions, strict=True))
    first, second = collections.Counter(groups), collections.Counter(emotions)
    information = sum(n / 30 * math.log(n * 30 / (first[cell] * second[name])) for (cell, name), n in pairs.items())
    entropy = -sum(n / 30 * math.log(n / 30) for n in second.values())
    real, shuffled = mutual_information(groups, emotions, 199)
    assert real == pytest.approx(information / entropy) == pytest.approx(homogeneity_score(emotions, groups))
    assert 0 < shuffled < real


def test_mutual_information_by_chance_is_its_expectation():
    from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

    rng = np.random.default_rng(0)
    groups, emotions = rng.integers(20, size=100), rng.integers(4, size=100)
    shares = np.bincount(emotions) / 100
    expected = expected_mutual_information(contingency_matrix(emotions, groups, sparse=True), 100)
    shuffled = mutual_information(groups, emotions, 999)[1]
    assert shuffled == pytest.approx(expected / -(shares * np.log(shares)).sum(), rel=0.02)
