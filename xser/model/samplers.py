"""Batch samplers: shuffled, and hierarchical (languages x emotions x utterances).

Both draw new batches every epoch, as a function of the run's seed and the epoch alone: a resumed training sees the
batches that it would have seen. Both deal each batch over the ranks of distributed training, so that the ranks' shares
together are the batch of one process.

Given the lengths of the utterances, both put utterances of like length together, and cut each batch to its shortest:
next to nothing is padded, and the length that the model sees tells neither languages nor emotions apart.
"""

import collections
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from xser.core.errors import XserError

POOL = 8  # shuffled batches among which utterances of like length are put together
GOLDEN = (math.sqrt(5) - 1) / 2  # its multiples, modulo 1, cover 0 to 1 evenly from the first few on


class Draw(NamedTuple):
    """One utterance of a batch.

    Attributes
    ----------
    index
        Position among the training utterances.
    frames
        Cut it to so many; None: leave it whole.
    where
        Where the cut begins, from 0 (the first frame that is possible) to 1.
    """

    index: int  # type: ignore[assignment]
    frames: int | None
    where: float


class BatchSampler(Protocol):
    """Draws the batches of an epoch."""

    def set_epoch(self, epoch: int) -> None:
        """Draw the batches of this epoch from now on."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[list[Draw]]: ...


class Lengths:
    """How many frames utterances have, and to how many a batch is cut.

    Parameters
    ----------
    frames
        Of every training utterance.
    least
        A batch is not cut shorter than this for the sake of a shorter utterance, which is padded.
    most
        A batch is cut at least to this.
    alike
        Put utterances of like length together and cut a batch to its shortest; else cut to `most` alone.
    """

    def __init__(
        self, frames: Sequence[int] | np.ndarray, least: int = 1, most: int | None = None, alike: bool = True
    ) -> None:
        self.frames, self.least, self.most, self.alike = np.asarray(frames), least, most, alike

    def of_batch(self, indices: Sequence[int] | np.ndarray) -> int | None:
        """Frames that a batch is cut to, or None."""
        if not self.alike:
            return self.most
        shortest = max(self.least, int(self.frames[indices].min()))
        return shortest if self.most is None else min(shortest, self.most)


class ShuffledBatches:
    """Every utterance once an epoch, in batches as equal in size as can be and never larger than asked for.

    Parameters
    ----------
    n
        Number of utterances.
    batch_size
        Utterances in a batch, over all ranks.
    seed
        The run's seed.
    rank, world_size
        Which share of each batch to give, and of how many.
    lengths
        By default nothing is cut, and batches do not depend on length.

    Raises
    ------
    XserError
        When there is no utterance, or a batch is too small to give every rank one.

    Examples
    --------
    >>> batches = ShuffledBatches(10, batch_size=4, seed=0)
    >>> [len(batch) for batch in batches]
    [4, 3, 3]
    """

    def __init__(
        self,
        n: int,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        lengths: Lengths | None = None,
    ) -> None:
        if n < 1 or batch_size < 1:
            raise XserError(f"{n} training utterances in batches of {batch_size}: both must be at least 1")
        self.n, self.seed, self.rank, self.world_size, self.lengths = n, seed, rank, world_size, lengths
        self.number = math.ceil(n / batch_size)
        self.epoch = 0
        _refuse_empty_ranks(n // self.number, world_size)

    def set_epoch(self, epoch: int) -> None:
        """Draw the batches of this epoch from now on."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[list[Draw]]:
        random = np.random.default_rng([self.seed, self.epoch])
        batches = np.array_split(random.permutation(self.n), self.number)
        if self.lengths is not None and self.lengths.alike:
            pools = [batches[at : at + POOL] for at in range(0, self.number, POOL)]
            batches = [batch for pool in pools for batch in _alike(pool, self.lengths.frames, random)]
        for batch in batches:
            yield _dealt(batch, self, random)


def _alike(pool: list[np.ndarray], frames: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """The utterances of some batches, those of like length together, in batches of the same sizes."""
    pooled = np.concatenate(pool)
    ordered = pooled[frames[pooled].argsort(kind="stable")]
    batches = np.split(ordered, np.cumsum([len(batch) for batch in pool])[:-1])
    return [random.permutation(batches[at]) for at in random.permutation(len(batches))]


class HierarchicalBatches:
    """Batches of languages x emotions x utterances.

    The languages of a batch are drawn in turn, in shuffled cycles, so that over an epoch no language comes more than
    once more often than another. The utterances of a cell (a language and an emotion) are drawn without replacement
    until the cell is used up, then reshuffled; no utterance comes twice in a batch unless its cell is smaller than its
    places. Places of an empty cell go to the same emotion of the other languages, in turn.

    When there are fewer languages than `languages_per_batch`, those there are take all places:
    ``languages_per_batch * utterances_per_cell // languages`` utterances a cell, so that the batch keeps its size as
    nearly as equal cells can, and is never larger.

    Given lengths, each batch has a rank between 0 and 1. The utterances that one pass through a cell gives to several
    batches are handed out in the order of their lengths to the batches in the order of their ranks: which utterances
    are drawn is as without lengths, and of all ways to hand them out this one has like lengths together.

    Parameters
    ----------
    languages, emotions
        Language and emotion of every training utterance.
    languages_per_batch, utterances_per_cell
        Form of a batch; every emotion is in every batch.
    seed
        The run's seed.
    rank, world_size
        Which share of each batch to give, and of how many.
    batches_per_epoch
        By default as many as hold the number of utterances.
    classes
        The emotions of the scheme; by default those that occur.
    lengths
        By default nothing is cut, and batches do not depend on length.

    Attributes
    ----------
    batch_size
        Utterances in a batch, over all ranks.

    Raises
    ------
    XserError
        When an emotion of `classes` has no utterance, or a batch is too small to give every rank one.

    Examples
    --------
    >>> languages = ["deu"] * 4 + ["urd"] * 4
    >>> emotions = ["angry", "angry", "sad", "sad"] * 2
    >>> batches = HierarchicalBatches(languages, emotions, languages_per_batch=2, utterances_per_cell=1, seed=0)
    >>> len(batches), batches.batch_size
    (2, 4)
    >>> sorted((languages[draw.index], emotions[draw.index]) for draw in next(iter(batches)))
    [('deu', 'angry'), ('deu', 'sad'), ('urd', 'angry'), ('urd', 'sad')]
    """

    def __init__(
        self,
        languages: Sequence[str],
        emotions: Sequence[str],
        languages_per_batch: int = 3,
        utterances_per_cell: int = 3,
        *,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        batches_per_epoch: int | None = None,
        classes: Sequence[str] | None = None,
        lengths: Lengths | None = None,
    ) -> None:
        if languages_per_batch < 1 or utterances_per_cell < 1:
            raise XserError("languages_per_batch and utterances_per_cell must be at least 1")
        self.cells: dict[tuple[str, str], list[int]] = collections.defaultdict(list)
        for index, cell in enumerate(zip(languages, emotions, strict=True)):
            self.cells[cell].append(index)
        self.languages = sorted({language for language, _ in self.cells})
        self.emotions = sorted({emotion for _, emotion in self.cells}) if classes is None else list(classes)
        for emotion in self.emotions:
            if not self._spoken_in(emotion):
                raise XserError(f"no training utterance is {emotion}: add a source that has it, or change --scheme")
        self.languages_per_batch = min(languages_per_batch, len(self.languages))
        self.utterances_per_cell = languages_per_batch * utterances_per_cell // max(1, self.languages_per_batch)
        self.batch_size = self.languages_per_batch * len(self.emotions) * self.utterances_per_cell
        _refuse_empty_ranks(self.batch_size, world_size)
        self.number = batches_per_epoch or math.ceil(len(languages) / self.batch_size)
        self.seed, self.rank, self.world_size, self.epoch, self.lengths = seed, rank, world_size, 0, lengths

    def set_epoch(self, epoch: int) -> None:
        """Draw the batches of this epoch from now on."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.number

    def __iter__(self) -> Iterator[list[Draw]]:
        random = np.random.default_rng([self.seed, self.epoch])
        language_deck = _Deck(self.languages, random)
        fill_decks = {emotion: _Deck(self._spoken_in(emotion), random) for emotion in self.emotions}
        places = [self._places(language_deck.draw(self.languages_per_batch), fill_decks) for _ in range(self.number)]
        ranks = (random.random() + GOLDEN * np.arange(self.number)) % 1
        batches: list[list[int]] = [[] for _ in places]
        for cell in sorted(self.cells):
            wanted = [(number, counts[cell]) for number, counts in enumerate(places) if cell in counts]
            for number, indices in self._handed_out(_Deck(self.cells[cell], random), wanted, ranks, random):
                batches[number].extend(indices)
        for batch in batches:
            yield _dealt(batch, self, random)

    def _spoken_in(self, emotion: str) -> list[str]:
        return [language for language in self.languages if (language, emotion) in self.cells]

    def _places(self, languages: Sequence[str], fill_decks: dict[str, "_Deck"]) -> collections.Counter[tuple[str, str]]:
        """How many utterances a batch takes of each cell."""
        places: collections.Counter[tuple[str, str]] = collections.Counter()
        for language in languages:
            for emotion in self.emotions:
                if (language, emotion) in self.cells:
                    places[language, emotion] += self.utterances_per_cell
                else:
                    for _ in range(self.utterances_per_cell):
                        places[fill_decks[emotion].draw(1)[0], emotion] += 1
        return places

    def _handed_out(
        self, deck: "_Deck", wanted: list[tuple[int, int]], ranks: np.ndarray, random: np.random.Generator
    ) -> Iterator[tuple[int, list[int]]]:
        """Yield (batch, utterances of this cell) for every (batch, count) of `wanted`."""
        while wanted:
            together = self._of_one_pass(deck, wanted)
            wanted = wanted[len(together) :]
            if self.lengths is None or not self.lengths.alike:
                yield from ((number, deck.draw(count)) for number, count in together)
                continue
            drawn = deck.draw(sum(count for _, count in together))
            ordered = iter(sorted(random.permutation(drawn).tolist(), key=self.lengths.frames.__getitem__))
            for number, count in sorted(together, key=lambda place: ranks[place[0]]):
                yield number, random.permutation([next(ordered) for _ in range(count)]).tolist()

    @staticmethod
    def _of_one_pass(deck: "_Deck", wanted: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """The first places of `wanted` that what is left of the deck fills, at least one."""
        left, number = deck.left_in_pass(), 0
        while number < len(wanted) and wanted[number][1] <= left:
            left -= wanted[number][1]
            number += 1
        return wanted[: max(1, number)]


def _dealt(
    batch: Sequence[int] | np.ndarray, sampler: ShuffledBatches | HierarchicalBatches, random: np.random.Generator
) -> list[Draw]:
    """This rank's share of a batch, as draws; every rank cuts to the same length, as one process would."""
    where = random.random(len(batch))
    frames = None if sampler.lengths is None else sampler.lengths.of_batch(batch)
    draws = [Draw(int(index), frames, float(at)) for index, at in zip(batch, where, strict=True)]
    return draws[sampler.rank :: sampler.world_size]


class _Deck:
    """Cards drawn without replacement, shuffled anew when used up; none twice in a draw if it can be helped."""

    def __init__(self, cards: Sequence[Any], random: np.random.Generator) -> None:
        self.cards, self.random = list(cards), random
        self.left: list[Any] = []

    def left_in_pass(self) -> int:
        """Cards that can be drawn before the deck is shuffled anew."""
        return len(self.left) or len(self.cards)

    def draw(self, count: int) -> list[Any]:
        """Take the next cards."""
        drawn: list[Any] = []
        while len(drawn) < count:
            if not self.left:
                # Cards of this very draw go to the end of the new shuffle (drawn from its front).
                new = [self.cards[i] for i in self.random.permutation(len(self.cards))]
                just_drawn = set(drawn)
                self.left = sorted(new, key=lambda card: card in just_drawn)
            taken = min(count - len(drawn), len(self.left))
            drawn += self.left[:taken]
            self.left = self.left[taken:]
        return drawn


def _refuse_empty_ranks(smallest_batch: int, world_size: int) -> None:
    if smallest_batch < world_size:
        raise XserError(
            f"batches of {smallest_batch} utterances cannot be dealt over {world_size} processes: "
            "use a larger --batch_size or fewer --gpus"
        )
