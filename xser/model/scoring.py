"""How trained networks score recordings: one after the other, whatever their length and company, on all cores."""

import collections
import concurrent.futures
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from xser.corpora.audio.decoding import SHORTEST, BadRecording
from xser.corpora.audio.mixing import STEP
from xser.corpora.audio.streaming import seconds_told, stream, survey
from xser.corpora.audio.waveforms import RATE, Source, read_waveform
from xser.model.encoders.extraction import one_thread_each
from xser.model.exported import Member, Statistics
from xser.model.timeline import Span, Windows, average, cut

LONGEST = 30.0  # seconds that are recognised at once; a longer recording is the mean over windows
LONG = Windows(4.0, 2.0)  # those windows
R = TypeVar("R")


@dataclasses.dataclass(frozen=True, eq=False)
class Scored:
    """What networks say of a recording.

    Attributes
    ----------
    scores
        Log-probabilities (emotions,), float64.
    embedding
        (size,), float32; those of several networks side by side.
    """

    scores: np.ndarray
    embedding: np.ndarray


class Scorer:
    """Trained networks on a device, whose log-probabilities are averaged.

    Parameters
    ----------
    members
        The networks.
    device
        Where they compute.
    """

    def __init__(self, members: Sequence[Member], device: str) -> None:
        self.members, self.device = tuple(members), device
        for member in members:
            member.network.to(device)

    def score(self, source: Source) -> Scored:
        """Score a recording.

        Raises
        ------
        BadRecording
            When it cannot be used.
        """
        told = seconds_told(source)
        if told is None or told <= LONGEST:
            waveform = read_waveform(source)
            if len(waveform) <= LONGEST * RATE:
                return self.score_waveform(waveform)
        return self._score_windows(source)

    def score_or_bad(self, source: Source) -> Scored | BadRecording:
        """Do as `score`, and return what is wrong instead of raising it."""
        try:
            return self.score(source)
        except BadRecording as bad:
            return bad

    @torch.inference_mode()
    def score_waveform(self, waveform: np.ndarray) -> Scored:
        """Score 16 kHz samples (samples,), all at once."""
        found = [_score(member, torch.from_numpy(waveform).to(self.device)) for member in self.members]
        scores = torch.stack([scores for scores, _ in found]).mean(dim=0).log_softmax(dim=-1)
        embedding = torch.cat([embedding for _, embedding in found]).float().cpu()
        return Scored(scores.numpy(), embedding.numpy())

    def _score_windows(self, source: Source) -> Scored:
        """Mean probabilities and embedding over the windows of a recording, in constant memory."""
        surveyed = survey(source)
        number, probabilities, embedding = 0, np.zeros(()), np.zeros(())
        windows = LONG.of((0.0, surveyed.seconds))
        for waveform in cut(stream(source, surveyed), samples_of(windows)):
            if not is_silent(waveform):
                found = self.score_waveform(waveform)
                number, probabilities = number + 1, probabilities + np.exp(found.scores)
                embedding = embedding + found.embedding
        return Scored(np.log(probabilities / number), np.float32(embedding / number))

    def over_time(self, pieces: Iterator[np.ndarray], windows: Sequence[Span]) -> Iterator[np.ndarray]:
        """Yield probabilities (emotions,) of each window, NaN where it is silent.

        Parameters
        ----------
        pieces
            16 kHz samples in pieces.
        windows
            In the order of their beginnings.
        """
        yield from in_order(self._probabilities, cut(pieces, samples_of(windows)), self.device)

    def _probabilities(self, waveform: np.ndarray) -> np.ndarray:
        if is_silent(waveform):
            return np.array(np.nan)  # as many as are wanted, where it is kept
        return np.exp(self.score_waveform(waveform).scores)

    @torch.inference_mode()
    def adapted(self, sources: Iterable[Source]) -> list[Member]:
        """The networks with the statistics of these recordings, where they want such.

        Raises
        ------
        BadRecording
            When one cannot be used.
        """
        from xser.model.target_statistics import statistics_of

        waveforms = [torch.from_numpy(read_waveform(source)).to(self.device) for source in sources]

        def statistics(member: Member) -> Statistics | None:
            if member.record.target_statistics == "none":
                return None
            return statistics_of(member.network.features(waveform).cpu() for waveform in waveforms)

        return [dataclasses.replace(member, adapted=statistics(member)) for member in self.members]


def in_order(function: Callable[[Any], R], items: Iterable[Any], device: str) -> Iterator[R]:
    """Yield `function` of each item in order, a few ahead of the caller; on a CPU one for each of torch's threads."""
    workers = torch.get_num_threads() if device == "cpu" else 1
    with one_thread_each(workers) as pool:
        waiting: collections.deque[concurrent.futures.Future[R]] = collections.deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def mean_over_windows(cutting: Windows, spans: Sequence[Span], found: np.ndarray) -> list[tuple[Span, np.ndarray]]:
    """What windows say together of each row of a timeline.

    Parameters
    ----------
    cutting
        How stretches are cut.
    spans
        The stretches.
    found
        Probabilities of all their windows, (windows, emotions).

    Returns
    -------
    list of (Span, numpy.ndarray)
        Start and end, and mean probabilities (emotions,), NaN where nothing is heard.
    """
    rows: list[tuple[Span, np.ndarray]] = []
    first = 0
    for span in spans:
        windows, moments = cutting.of(span), cutting.rows(span)
        means = average(moments, windows, found[first : first + len(windows)])
        rows += zip(moments, means, strict=True)
        first += len(windows)
    return rows


def samples_of(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """First sample and the one behind the last of each span, at 16 kHz."""
    return [(round(start * RATE), round(end * RATE)) for start, end in spans]


def is_silent(waveform: np.ndarray) -> bool:
    """Whether there is nothing to recognise: less than a frame, or digital silence."""
    return len(waveform) < SHORTEST * RATE or bool(np.ptp(waveform) <= 2 * STEP)


def _score(member: Member, waveform: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities (emotions,), float64 on the CPU, and the embedding (size,) that a network gives."""
    features = member.network.features(waveform)
    if member.reference is not None and member.adapted is not None:
        mean, deviation = (each.to(features) for each in member.adapted)
        wanted_mean, wanted_deviation = (each.to(features) for each in member.reference)
        features = features - mean
        if member.record.target_statistics == "corpus":
            features = features / deviation * wanted_deviation
        features = features + wanted_mean
    embedding = member.network.embed(features)
    return member.network.logits(embedding).cpu().double().log_softmax(dim=-1), embedding
