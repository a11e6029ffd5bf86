"""A trained model that recognises emotion in anybody's recordings."""

import concurrent.futures
import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, cast, overload

import numpy as np
import torch
from torch import Tensor

from xser.core.errors import UsageError, XserError
from xser.core.progress import progress as progress_bar
from xser.corpora.audio.decoding import BadRecording
from xser.corpora.audio.waveforms import Source, name_of, read_waveform
from xser.model.devices import chosen_device
from xser.model.encoders.extraction import one_thread_each
from xser.model.exported import Member, ModelConfig, Statistics, write_model

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 30.0  # seconds that are recognised at once; a longer recording is the mean over windows
WINDOW, HOP = 4.0, 1.0  # seconds


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a model says of one recording.

    Attributes
    ----------
    emotion
        The most probable one.
    probabilities
        Of each emotion; they sum to 1.
    confidence
        Probability of `emotion` after the model's temperature: what share of such answers is right, as far as the
        validation parts of the sources tell.
    known
        Whether `confidence` reaches the caller's `reject_below`.
    """

    emotion: str
    probabilities: dict[str, float]
    confidence: float
    known: bool = True


class Model:
    """A trained model; made by `xser.load`. Nothing is written beside a recording, and several threads may share it.

    Parameters
    ----------
    config
        Content of config.json.
    members
        Its networks.
    device
        As in ``--device``.

    Attributes
    ----------
    config
        As given.
    """

    def __init__(self, config: ModelConfig, members: Sequence[Member], device: str = "auto") -> None:
        self.config, self.device = config, chosen_device(device)
        self._members = tuple(members)
        for member in members:
            member.network.to(self.device)

    def __repr__(self) -> str:
        trained = ", ".join(sorted({source for member in self.config.members for source in member.sources}))
        return f"<xser model: {', '.join(self.emotions)}; trained on {trained}>"

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions, in the order of scores."""
        return self.config.emotions

    @property
    def sampling_rate(self) -> int:
        """Hz of the waveforms that it hears; recordings of any rate are brought to it."""
        return self.config.sampling_rate

    @property
    def wants_statistics(self) -> bool:
        """Whether it needs unlabelled recordings of the same speakers or microphone (`adapt_to`)."""
        return any(member.record.target_statistics != "none" and member.adapted is None for member in self._members)

    @overload
    def predict(  # type: ignore[overload-overlap]  # bytes are a recording, though a sequence too
        self, recordings: Source, *, progress: bool = ..., skip_bad: bool = ..., reject_below: float = ...
    ) -> Answer: ...

    @overload
    def predict(
        self, recordings: Iterable[Source], *, progress: bool = ..., skip_bad: bool = ..., reject_below: float = ...
    ) -> "pd.DataFrame": ...

    def predict(
        self,
        recordings: Source | Iterable[Source],
        *,
        progress: bool = False,
        skip_bad: bool = False,
        reject_below: float = 0.0,
    ) -> "Answer | pd.DataFrame":
        """Recognise the emotion of recordings.

        A recording gives the same numbers alone, among others, and at the evaluation of the run that the model comes
        from. One that is longer than `LONGEST` is the mean over windows (`timeline`).

        Parameters
        ----------
        recordings
            One recording, or several: paths, contents of files (bytes), open binary files, or pairs (samples, rate).
        progress
            Show a bar.
        skip_bad
            Give a recording that cannot be read a row that says so, instead of raising.
        reject_below
            Confidence below which an answer counts as unknown.

        Returns
        -------
        Answer or pandas.DataFrame
            Of several, a row for each, in their order: ``recording``, ``emotion``, ``confidence``, ``known``, a column
            for each emotion, and ``problem``, empty for a good recording.

        Raises
        ------
        BadRecording
            When a recording cannot be read.
        XserError
            When the model wants statistics of recordings together and was not adapted.
        """
        self._refuse_missing_statistics()
        if _is_one(recordings):
            return self._answer(self._scored(recordings)[0], reject_below)
        import pandas as pd

        several = list(cast(Iterable[Source], recordings))
        rows = []
        for source, scored, problem in self._each(several, progress, skip_bad):
            row: dict[str, Any] = {"recording": name_of(source)}
            if scored is None:
                row |= {"emotion": "", "confidence": np.nan, "known": False, **dict.fromkeys(self.emotions, np.nan)}
            else:
                answer = self._answer(scored[0], reject_below)
                row |= {"emotion": answer.emotion, "confidence": answer.confidence, "known": answer.known}
                row |= answer.probabilities
            rows.append({**row, "problem": problem})
        columns = ["recording", "emotion", "confidence", "known", *self.emotions, "problem"]
        return pd.DataFrame(rows, columns=columns)

    def embed(self, recordings: Source | Iterable[Source], *, progress: bool = False) -> np.ndarray:
        """Embed recordings: what the emotion head looks at.

        Returns
        -------
        numpy.ndarray
            float32, (size,) of one recording, (recordings, size) of several. Those of an ensemble's members stand side
            by side.

        Raises
        ------
        BadRecording, XserError
            As `predict`.
        """
        self._refuse_missing_statistics()
        if _is_one(recordings):
            return self._scored(recordings)[1]
        several = list(cast(Iterable[Source], recordings))
        return np.stack([scored[1] for _, scored, _ in self._each(several, progress, False) if scored])

    def adapt_to(self, recordings: Iterable[Source]) -> "Model":
        """A model that knows the statistics of unlabelled recordings of the same speaker or microphone.

        Parameters
        ----------
        recordings
            A few are enough; what they say does not matter.

        Raises
        ------
        XserError
            When the model was trained without such statistics, or there are no recordings.
        """
        if not any(member.record.target_statistics != "none" for member in self._members):
            raise XserError(
                "this model takes each recording by itself, it cannot be adapted: train with --target-statistics corpus"
            )
        waveforms = [self._waveform(source) for source in ([recordings] if _is_one(recordings) else recordings)]
        if not waveforms:
            raise UsageError("to adapt a model, give it recordings: there are none")
        adapted = [dataclasses.replace(each, adapted=self._statistics(each, waveforms)) for each in self._members]
        return Model(self.config, adapted, self.device)

    def save(self, folder: Path) -> None:
        """Write the model, with what it was adapted to, as `xser export` does."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_model(folder, self.config, self._members)

    # One recording. ---------------------------------------------------------------------------------------------------

    def _each(
        self, sources: list[Source], shown: bool, skip_bad: bool
    ) -> Iterator[tuple[Source, tuple[np.ndarray, np.ndarray] | None, str]]:
        """Yield (recording, log-probabilities and embedding, what is wrong), in order, on all cores."""
        workers = torch.get_num_threads() if self.device == "cpu" else 1
        with (
            progress_bar(len(sources), "recordings", "recordings", shown=shown) as bar,
            one_thread_each(workers) as pool,
        ):
            waiting: list[tuple[Source, concurrent.futures.Future[Any]]] = []
            left = iter(sources)
            while True:
                for source in left:
                    waiting.append((source, pool.submit(self._scored, source)))
                    if len(waiting) > 4 * workers:
                        break
                if not waiting:
                    return
                source, future = waiting.pop(0)
                try:
                    scored, problem = future.result(), ""
                except BadRecording as bad:
                    if not skip_bad:
                        raise
                    scored, problem = None, str(bad)
                yield source, scored, problem
                bar.update()

    def _scored(self, source: Source) -> tuple[np.ndarray, np.ndarray]:
        """Log-probabilities (emotions,), float64, and the embedding (size,), float32, of a recording."""
        return self._of_waveform(self._waveform(source))

    def _waveform(self, source: Source) -> Tensor:
        return torch.from_numpy(read_waveform(source)).to(self.device)

    @torch.inference_mode()
    def _of_waveform(self, waveform: Tensor) -> tuple[np.ndarray, np.ndarray]:
        found = [_member_scores(member, waveform) for member in self._members]
        scores = torch.stack([scores for scores, _ in found]).mean(dim=0).log_softmax(dim=-1)
        embedding = torch.cat([embedding for _, embedding in found])
        return scores.numpy(), embedding.float().cpu().numpy()

    def _answer(self, scores: np.ndarray, reject_below: float) -> Answer:
        probabilities = np.exp(scores)
        sharpened = np.exp(scores / self.config.temperature - (scores / self.config.temperature).max())
        best = int(scores.argmax())
        confidence = float(sharpened[best] / sharpened.sum())
        named = dict(zip(self.emotions, map(float, probabilities), strict=True))
        return Answer(self.emotions[best], named, confidence, confidence >= reject_below)

    # Statistics of recordings together. -------------------------------------------------------------------------------

    def _refuse_missing_statistics(self) -> None:
        if self.wants_statistics:
            raise XserError(
                "this model was trained on features brought to the statistics of recordings together: give it "
                "unlabelled recordings of the same speaker or microphone (--adapt-to, in Python Model.adapt_to)"
            )

    @torch.inference_mode()
    def _statistics(self, member: Member, waveforms: Sequence[Tensor]) -> Statistics | None:
        if member.record.target_statistics == "none":
            return None
        from xser.model.target_statistics import statistics_of

        return statistics_of(member.network.features(waveform).cpu() for waveform in waveforms)


def _member_scores(member: Member, waveform: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities (emotions,), float64 on the CPU, and the embedding (size,) that a member gives."""
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


def _is_one(recordings: Source | Iterable[Source]) -> TypeGuard[Source]:
    """Whether this is one recording and not several."""
    if isinstance(recordings, (str, os.PathLike, bytes)) or hasattr(recordings, "read"):
        return True
    return isinstance(recordings, tuple) and len(recordings) == 2 and isinstance(recordings[1], (int, np.integer))
