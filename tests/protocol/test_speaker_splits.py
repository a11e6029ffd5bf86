"""Speakers are assigned whenever they can be, and well: compared with trying every assignment."""

import itertools

import numpy as np
import pytest

from xser.protocol.splits import speaker_splits
from xser.protocol.splits.speaker_splits import (
    AS_GOOD,
    NEAR,
    assign_speakers,
    contradiction,
    every_class_beside_every_part,
    every_class_in_every_part,
)

RULES = {"in every part": every_class_in_every_part, "beside every part": every_class_beside_every_part}


def holds(name, counts, assignments, number_of_parts):
    """Which of the assignments (number, speakers) are allowed, said without the library's words."""
    good = np.ones(len(assignments), dtype=bool)
    for part in range(number_of_parts):
        inside = assignments == part
        good &= inside.any(axis=1)
        good &= ((inside if name == "in every part" else ~inside) @ counts > 0).all(axis=1)
    return good


def deviations(counts, parts, wanted):
    shares = np.array([counts[parts == part].sum(axis=0) / counts.sum(axis=0) for part in range(len(wanted))])
    return shares - np.asarray(wanted)[:, None]


def allowed(name, counts, number_of_parts):
    """Every allowed assignment."""
    every = np.array(list(itertools.product(range(number_of_parts), repeat=len(counts))))
    return every[holds(name, counts, every, number_of_parts)]


def small_corpora(number, seed):
    """Tables (speakers, classes), most of them with few classes a speaker, so that both answers occur."""
    random = np.random.default_rng(seed)
    while number:
        speakers, classes = random.integers(2, 7), random.integers(1, 5)
        present = random.random((speakers, classes)) < random.choice([0.4, 0.7, 1])
        counts = random.integers(1, 30, (speakers, classes)) * present
        if (counts.sum(axis=0) > 0).all() and (counts.sum(axis=1) > 0).all():
            yield counts
            number -= 1


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("wanted", [(0.7, 0.15, 0.15), (0.5, 0.5), (0.25,) * 4])
@pytest.mark.parametrize("restarts", [speaker_splits.RESTARTS, 0])
def test_an_assignment_is_found_exactly_when_there_is_one(name, wanted, restarts, monkeypatch):
    """Also by the integer program alone, without the search that usually spares it."""
    monkeypatch.setattr(speaker_splits, "RESTARTS", restarts)
    answers = []
    for number, counts in enumerate(small_corpora(25 if restarts else 50, seed=7)):
        found = assign_speakers(counts, wanted, RULES[name](counts), np.random.default_rng(number))
        possible = allowed(name, counts, len(wanted))
        assert (found is not None) == (len(possible) > 0), counts
        answers.append(found is not None)
        if found is None:
            continue
        assert found.tolist() in possible.tolist()
        if restarts:
            best = min(np.sqrt((deviations(counts, parts, wanted) ** 2).mean()) for parts in possible)
            mine = deviations(counts, found, wanted)
            assert np.abs(mine).max() <= NEAR or np.sqrt((mine**2).mean()) <= best + AS_GOOD + 1e-9
    assert True in answers and False in answers


@pytest.mark.parametrize("name", RULES)
def test_a_contradiction_is_one_and_the_smallest(name):
    seen = set()
    for counts in small_corpora(80, seed=3):
        if len(counts) < 3:
            continue
        together = contradiction(counts, 3, RULES[name](counts))
        seen.add(len(together))
        if len(allowed(name, counts, 3)):
            assert together == []
            continue
        assert together and not len(allowed(name, counts[:, together], 3))
        for index in together:
            rest = [other for other in together if other != index]
            assert not rest or len(allowed(name, counts[:, rest], 3))
    assert {0, 1} <= seen


def test_many_speakers_are_shared_out_closely_and_quickly():
    """As many speakers as the largest corpora have, unevenly talkative, so large that exchanges are not tried."""
    random = np.random.default_rng(0)
    counts = np.ceil(random.pareto(1.5, (1300, 4)) * (random.random((1300, 4)) < 0.5)).astype(int)
    counts = counts[counts.sum(axis=1) > 0]
    parts = assign_speakers(counts, (0.7, 0.15, 0.15), every_class_in_every_part(counts), np.random.default_rng(0))
    assert np.abs(deviations(counts, parts, (0.7, 0.15, 0.15))).max() < NEAR


def test_other_starts_give_other_assignments():
    counts = np.full((12, 4), 10)
    rule = every_class_in_every_part(counts)
    found = {tuple(assign_speakers(counts, (0.7, 0.15, 0.15), rule, np.random.default_rng(seed))) for seed in range(10)}
    assert len(found) > 5
