"""Batch samplers: shuffled, and hierarchical (languages x emotions x utterances).

Both draw new batches every epoch, as a function of the run's seed and the epoch alone: a resumed training sees the
batches that it would have seen. Both deal each batch over the ranks of distributed training, so that the ranks' shares
together are the batch of one process.
"""

import collections
import math

import numpy as np

from xser.errors import XserError


class ShuffledBatches:
    """Every utterance once an epoch, in batches as equal in size as can be and never larger than asked for.

    Parameters
    ----------
    n : int
        Number of utterances.
    batch_size : int
        Utterances in a batch, over all ranks.
    seed : int
        The run's seed.
    rank, world_size : int
        Which share of each batch to give, and of how many.

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

    def __init__(self, n, batch_size, seed, rank=0, world_size=1):
        if n < 1 or batch_size < 1:
            raise XserError(f"{n} training utterances in batches of {batch_size}: both must be at least 1")
        self.n, self.seed, self.rank, self.world_size = n, seed, rank, world_size
        self.number = math.ceil(n / batch_size)
        self.epoch = 0
        _refuse_empty_ranks(n // self.number, world_size)

    def set_epoch(self, epoch):
        """Draw the batches of this epoch from now on."""
        self.epoch = epoch

    def __len__(self):
        return self.number

    def __iter__(self):
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.n)
        for batch in np.array_split(order, self.number):
            yield batch[self.rank :: self.world_size].tolist()


class HierarchicalBatches:
    """Batches of languages x emotions x utterances.

    The languages of a batch are drawn in turn, in shuffled cycles, so that over an epoch no language comes more than
    once more often than another. The utterances of a cell (a language and an emotion) are drawn without replacement
    until the cell is used up, then reshuffled; no utterance comes twice in a batch unless its cell is smaller than its
    places. Places of an empty cell go to the same emotion of the other languages, in turn.

    When there are fewer languages than `languages_per_batch`, those there are take all places:
    ``languages_per_batch * utterances_per_cell // languages`` utterances a cell, so that the batch keeps its size as
    nearly as equal cells can, and is never larger.

    Parameters
    ----------
    languages, emotions : sequence
        Language and emotion of every training utterance.
    languages_per_batch, utterances_per_cell : int
        Form of a batch; every emotion is in every batch.
    seed : int
        The run's seed.
    rank, world_size : int
        Which share of each batch to give, and of how many.
    batches_per_epoch : int, optional
        By default as many as hold the number of utterances.
    classes : sequence, optional
        The emotions of the scheme; by default those that occur.

    Attributes
    ----------
    batch_size : int
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
    >>> sorted((languages[i], emotions[i]) for i in next(iter(batches)))
    [('deu', 'angry'), ('deu', 'sad'), ('urd', 'angry'), ('urd', 'sad')]
    """

    def __init__(
        self,
        languages,
        emotions,
        languages_per_batch=3,
        utterances_per_cell=3,
        *,
        seed,
        rank=0,
        world_size=1,
        batches_per_epoch=None,
        classes=None,
    ):
        if languages_per_batch < 1 or utterances_per_cell < 1:
            raise XserError("languages_per_batch and utterances_per_cell must be at least 1")
        self.cells = collections.defaultdict(list)
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
        self.seed, self.rank, self.world_size, self.epoch = seed, rank, world_size, 0

    def set_epoch(self, epoch):
        """Draw the batches of this epoch from now on."""
        self.epoch = epoch

    def __len__(self):
        return self.number

    def __iter__(self):
        random = np.random.default_rng([self.seed, self.epoch])
        language_deck = _Deck(self.languages, random)
        cell_decks = {cell: _Deck(indices, random) for cell, indices in sorted(self.cells.items())}
        fill_decks = {emotion: _Deck(self._spoken_in(emotion), random) for emotion in self.emotions}
        for _ in range(self.number):
            places = self._places(language_deck.draw(self.languages_per_batch), fill_decks)
            batch = [index for cell, count in places.items() for index in cell_decks[cell].draw(count)]
            yield batch[self.rank :: self.world_size]

    def _spoken_in(self, emotion):
        return [language for language in self.languages if (language, emotion) in self.cells]

    def _places(self, languages, fill_decks):
        """How many utterances a batch takes of each cell."""
        places = collections.Counter()
        for language in languages:
            for emotion in self.emotions:
                if (language, emotion) in self.cells:
                    places[language, emotion] += self.utterances_per_cell
                else:
                    for _ in range(self.utterances_per_cell):
                        places[fill_decks[emotion].draw(1)[0], emotion] += 1
        return places


class _Deck:
    """Cards drawn without replacement, shuffled anew when used up; none twice in a draw if it can be helped."""

    def __init__(self, cards, random):
        self.cards, self.random, self.left = list(cards), random, []

    def draw(self, count):
        drawn = []
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


def _refuse_empty_ranks(smallest_batch, world_size):
    if smallest_batch < world_size:
        raise XserError(
            f"batches of {smallest_batch} utterances cannot be dealt over {world_size} processes: "
            "use a larger --batch_size or fewer --gpus"
        )
