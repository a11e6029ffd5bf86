"""p-values and Holm's correction: against brute force, and how often they are wrong where there is nothing to find."""

import itertools

import numpy as np
import pytest

from xser.evidence.figures.intervals import interval, utterance_bootstrap
from xser.evidence.figures.significance import holm, p_value


def closed_testing(p_values):
    """Holm by its definition: a hypothesis falls if every set that holds it falls by Bonferroni's test."""
    numbers = range(len(p_values))
    sets = [some for size in range(1, len(p_values) + 1) for some in itertools.combinations(numbers, size)]
    return [
        max(min(1.0, len(some) * min(p_values[i] for i in some)) for some in sets if number in some)
        for number in numbers
    ]


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_closed_testing_with_bonferroni(seed):
    p_values = (np.random.default_rng(seed).random(7) ** 3).round(2).tolist()  # ties too
    assert holm(p_values) == pytest.approx(closed_testing(p_values))


def test_what_was_not_tested_does_not_count():
    assert holm([0.04, float("nan"), 0.01]) == pytest.approx([0.04, float("nan"), 0.02], nan_ok=True)
    assert holm([]) == [] and np.isnan(holm([float("nan")])).all()


def test_a_p_value_says_what_the_interval_says():
    rng = np.random.default_rng(0)
    for shift in rng.uniform(-4, 4, 200):
        draws = rng.normal(shift, 1, 1000)
        low, high = interval(draws)
        p = p_value(draws)
        assert p == p_value(-draws)
        assert (p < 0.045) <= (low > 0 or high < 0) <= (p < 0.055)
    assert np.isnan(p_value([1.0, np.nan]))


def wrong_share(utterances, data_sets=1500, recall=(0.9, 0.6, 0.5, 0.3)):
    """How often p < 0.05 for two equally good systems of three seeds."""
    wrong = 0
    for data in range(data_sets):
        rng = np.random.default_rng([utterances, data])
        reference = rng.choice(4, utterances, p=(0.4, 0.3, 0.2, 0.1))
        chance = np.array(recall)[reference, None]
        hits = np.column_stack([(rng.random((utterances, 3)) < chance).mean(axis=1) for _ in range(2)])
        draws = utterance_bootstrap(reference, hits, 4, resamples=1000)
        wrong += p_value(np.round(draws[:, 0] - draws[:, 1], 9)) < 0.05
    return wrong / data_sets


# Bounds: the rate over other data sets (0.054 and 0.075) and three to four standard errors.


def test_equally_good_systems_are_seldom_told_apart():
    assert 0.03 < wrong_share(150) < 0.078


def test_with_38_utterances_a_little_more_often():
    assert 0.05 < wrong_share(38) < 0.105


def test_a_better_system_is_found():
    reference = np.arange(400) % 4
    rng = np.random.default_rng(1)
    hits = np.column_stack([rng.random(400) < 0.7, rng.random(400) < 0.5]).astype(float)
    draws = utterance_bootstrap(reference, hits, 4)
    assert p_value(draws[:, 0] - draws[:, 1]) == pytest.approx(2 / 2001)
