"""Which speaker goes to which part, so that every part keeps every class and the shares come out as wanted.

Chance and descent find an assignment nearly always (`_descend`); where they do not, an integer program decides
whether there is one at all (`_feasible_assignment`), so that "it cannot be done" is a fact about the corpus and not
about the search.
"""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

RESTARTS = 30
NEAR = 0.05  # a share this near to what is wanted, in every class and part, needs no further search
AS_GOOD = 0.01  # a root mean squared deviation of shares that is at most this much above the best is as good
FORBIDDEN = 1e6  # cost of a broken rule, above any deviation of shares
SWAP_LIMIT = 4_000_000  # numbers in the largest array that looking at all exchanges of two speakers may take


@dataclasses.dataclass(frozen=True)
class Rule:
    """How many speakers of a class a part may hold, for every part alike.

    Attributes
    ----------
    least, most
        (classes,) int: speakers.
    """

    least: np.ndarray
    most: np.ndarray

    def without(self, dropped: Iterable[int]) -> "Rule":
        """The same rule without any demand on the classes with indices `dropped`."""
        least, most = self.least.copy(), self.most.copy()
        free = list(dropped)
        least[free], most[free] = 0, np.iinfo(most.dtype).max
        return Rule(least, most)


def every_class_in_every_part(counts: np.ndarray) -> Rule:
    """The rule that each part holds a speaker of each class.

    Parameters
    ----------
    counts
        (speakers, classes) int: utterances.
    """
    classes = counts.shape[1]
    return Rule(np.ones(classes, dtype=np.int64), np.full(classes, len(counts), dtype=np.int64))


def every_class_beside_every_part(counts: np.ndarray) -> Rule:
    """The rule that the other parts together, whichever part is left out, hold a speaker of each class.

    Parameters
    ----------
    counts
        (speakers, classes) int: utterances.
    """
    return Rule(np.zeros(counts.shape[1], dtype=np.int64), (counts > 0).sum(axis=0) - 1)


def what_few_speakers_allow(number: int) -> str:
    """Return what a corpus of fewer than three known speakers may be used for.

    Parameters
    ----------
    number
        Known speakers; 0 where nobody knows who speaks.

    Returns
    -------
    str
        Empty from three on: then a split by speakers tells what it should.

    Examples
    --------
    >>> print(what_few_speakers_allow(0))
    speakers unknown: a figure within this corpus is an upper bound; use it as a source, or whole as a target
    >>> what_few_speakers_allow(3)
    ''
    """
    if number > 2:
        return ""
    if number == 0:
        return (
            "speakers unknown: a figure within this corpus is an upper bound; use it as a source, or whole as a target"
        )
    of_another = "a figure within this corpus says nothing of another; use it as a source"
    if number == 1:
        return f"one speaker: {of_another}, as a target it tests one voice"
    return f"two speakers: {of_another}, as a target it tests two voices"


def assign_speakers(
    counts: np.ndarray, wanted: Sequence[float], rule: Rule, generator: np.random.Generator
) -> np.ndarray | None:
    """Assign every speaker to a part; no part stays empty.

    Minimises the squared deviations, over classes and parts, of a class's share in a part from the wanted share, under
    the rule. Random starts are improved by moving single speakers and exchanging two. The first that comes within
    `NEAR` everywhere is taken, else one of the best after `RESTARTS`. Other starts give other assignments where the
    speakers leave a choice.

    Parameters
    ----------
    counts
        (speakers, classes) int: utterances; each class has at least one.
    wanted
        (parts,) shares that add up to 1.
    rule
        What must hold.
    generator
        Makes the starts.

    Returns
    -------
    numpy.ndarray or None
        (speakers,) int: the part of each; None when no assignment at all satisfies the rule.
    """
    shares = np.asarray(wanted, dtype=float)
    search = _Search(counts, shares, rule)
    found = []
    for _ in range(RESTARTS):
        parts = _descend(search, generator.choice(len(shares), size=len(counts), p=shares))
        if search.cost(parts) >= FORBIDDEN:
            continue
        if search.largest_deviation(parts) <= NEAR:
            return parts
        found.append(parts)
    if found:
        return _one_of_the_best(found, search, generator)
    feasible = _feasible_assignment(counts, len(shares), rule)
    return None if feasible is None else _descend(search, feasible)


def _one_of_the_best(found: list[np.ndarray], search: "_Search", generator: np.random.Generator) -> np.ndarray:
    deviations = np.array([search.mean_deviation(parts) for parts in found])
    good = np.flatnonzero(deviations <= deviations.min() + AS_GOOD)
    return found[generator.choice(good)]


def contradiction(counts: np.ndarray, parts: int, rule: Rule) -> list[int]:
    """Find classes that no assignment can serve together, and as few as possible.

    Parameters
    ----------
    counts
        (speakers, classes) int: utterances.
    parts
        Number of parts.
    rule
        What must hold.

    Returns
    -------
    list of int
        Indices of classes: without any one of them, the others could be served. Empty when all can be, or when there
        are fewer speakers than parts.
    """
    if len(counts) < parts or _feasible_assignment(counts, parts, rule) is not None:
        return []
    dropped: list[int] = []
    for index in range(counts.shape[1]):
        if _feasible_assignment(counts, parts, rule.without([*dropped, index])) is None:
            dropped.append(index)
    return [index for index in range(counts.shape[1]) if index not in dropped]


class _Search:
    """What `_descend` needs: the cost of a part with given utterances and speakers of each class."""

    def __init__(self, counts: np.ndarray, wanted: np.ndarray, rule: Rule) -> None:
        speakers = np.ones((len(counts), 1), dtype=np.int64)
        self.utterances = counts / counts.sum(axis=0)  # as shares of a class
        self.present = np.concatenate([(counts > 0).astype(np.int64), speakers], axis=1)
        self.least = np.append(rule.least, 1)  # the last column counts speakers of any class: no part stays empty
        self.most = np.append(rule.most, len(counts))
        self.wanted = wanted

    def totals(self, parts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shares (parts, classes) and numbers of speakers (parts, classes + 1)."""
        member = np.eye(len(self.wanted), dtype=np.int64)[:, parts]  # (parts, speakers)
        return member @ self.utterances, member @ self.present

    def costs(self, shares: np.ndarray, speakers: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """Costs (...) of parts with shares (..., classes), speakers (..., classes + 1) and wanted share (...)."""
        broken = np.maximum(self.least - speakers, 0) + np.maximum(speakers - self.most, 0)
        return ((shares - wanted[..., None]) ** 2).sum(axis=-1) + FORBIDDEN * broken.sum(axis=-1)

    def cost(self, parts: np.ndarray) -> float:
        """Cost of an assignment."""
        shares, speakers = self.totals(parts)
        return self.costs(shares, speakers, self.wanted).sum()

    def mean_deviation(self, parts: np.ndarray) -> float:
        """Root mean squared difference between shares and the wanted ones."""
        return np.sqrt(((self.totals(parts)[0] - self.wanted[:, None]) ** 2).mean())

    def largest_deviation(self, parts: np.ndarray) -> float:
        """Largest difference between a share and the wanted one."""
        return np.abs(self.totals(parts)[0] - self.wanted[:, None]).max()


def _descend(search: _Search, parts: np.ndarray) -> np.ndarray:
    """Move a speaker, or exchange two, as long as that lowers the cost; the best such step each time."""
    parts = np.array(parts)
    exchanges = len(parts) ** 2 * search.present.shape[1] <= SWAP_LIMIT
    while True:
        shares, speakers = search.totals(parts)
        now = search.costs(shares, speakers, search.wanted)
        gain, speaker, part = _best_move(search, parts, shares, speakers, now)
        if gain < -1e-9:
            parts[speaker] = part
            continue
        if not exchanges:
            return parts
        gain, one, other = _best_exchange(search, parts, shares, speakers, now)
        if gain >= -1e-9:
            return parts
        parts[[one, other]] = parts[[other, one]]


def _best_move(
    search: _Search, parts: np.ndarray, shares: np.ndarray, speakers: np.ndarray, now: np.ndarray
) -> tuple[float, int, int]:
    """Lowest change of the cost by moving one speaker; the speaker and the part it moves to."""
    here = search.costs(shares[parts] - search.utterances, speakers[parts] - search.present, search.wanted[parts])
    there = search.costs(shares + search.utterances[:, None], speakers + search.present[:, None], search.wanted)
    gains = here[:, None] + there - now[parts][:, None] - now  # (speakers, parts)
    gains[np.arange(len(parts)), parts] = 0
    speaker, part = np.unravel_index(np.argmin(gains), gains.shape)
    return gains[speaker, part], int(speaker), int(part)


def _best_exchange(
    search: _Search, parts: np.ndarray, shares: np.ndarray, speakers: np.ndarray, now: np.ndarray
) -> tuple[float, int, int]:
    """Lowest change of the cost by exchanging two speakers, and these two."""

    def with_other(totals: np.ndarray, each: np.ndarray) -> np.ndarray:
        """Totals (speaker that leaves its part, speaker that comes instead, classes)."""
        return (totals[parts] - each)[:, None] + each[None]

    changed = search.costs(
        with_other(shares, search.utterances), with_other(speakers, search.present), search.wanted[parts][:, None]
    )
    gains = changed + changed.T - now[parts][:, None] - now[parts]
    gains[parts[:, None] == parts] = 0
    one, other = np.unravel_index(np.argmin(gains), gains.shape)
    return gains[one, other], int(one), int(other)


def _feasible_assignment(counts: np.ndarray, parts: int, rule: Rule) -> np.ndarray | None:
    """Find any assignment that satisfies the rule, by integer programming; None when there is none."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import eye_array, kron

    speakers = len(counts)
    if speakers < parts or (rule.most < rule.least).any():
        return None
    # the unknowns are (speaker, part), one of the parts for each speaker
    once = kron(eye_array(speakers), np.ones((1, parts)), format="csr")
    present = np.concatenate([counts > 0, np.ones((speakers, 1), dtype=bool)], axis=1).astype(float)
    of_class = kron(present.T, eye_array(parts), format="csr")  # (class and part, unknowns)
    least = np.repeat(np.append(rule.least, 1), parts)
    most = np.repeat(np.append(np.minimum(rule.most, speakers), speakers), parts)
    outcome = milp(
        np.zeros(speakers * parts),
        integrality=np.ones(speakers * parts),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(once, 1, 1), LinearConstraint(of_class, least, most)],
    )
    if outcome.status == 2:
        return None
    if outcome.x is None:
        raise RuntimeError(f"the integer program of a speaker split ended without an answer: {outcome.message}")
    return outcome.x.reshape(speakers, parts).round().argmax(axis=1)
