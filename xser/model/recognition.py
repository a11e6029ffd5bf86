"""A trained model that recognises emotion in anybody's recordings."""

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, cast, overload

import numpy as np

from xser.core.errors import UsageError, XserError
from xser.core.progress import progress as progress_bar
from xser.corpora.audio.decoding import BadRecording
from xser.corpora.audio.streaming import stream, survey
from xser.corpora.audio.waveforms import Part, Source, name_of
from xser.model.devices import chosen_device
from xser.model.exported import Member, ModelConfig, write_model
from xser.model.scoring import Scored, Scorer, in_order, mean_over_windows
from xser.model.speech import speech_segments
from xser.model.timeline import Windows

if TYPE_CHECKING:
    import pandas as pd

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
        Probability of `emotion` after the model's temperature, which is fitted on languages of the training. In a
        language never heard it can be far too high (docs/model_folder.md).
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
        self._scorer = Scorer(members, self.device)

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
        members = self._scorer.members
        return any(each.record.target_statistics != "none" and each.adapted is None for each in members)

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
        from. One that is longer than 30 seconds is the mean over windows (`timeline`).

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
        self.refuse_missing_statistics()
        if _is_one(recordings):
            return self._answer(self._scorer.score(recordings).scores, reject_below)
        import pandas as pd

        several = list(cast(Iterable[Source], recordings))
        with progress_bar(len(several), "recordings", "recordings", shown=progress) as bar:
            rows = []
            for source, row in zip(several, self.rows(several, skip_bad, reject_below), strict=True):
                rows.append({"recording": name_of(source), **row})
                bar.update()
        columns = ["recording", "emotion", "confidence", "known", *self.emotions, "problem"]
        return pd.DataFrame(rows, columns=columns)

    def rows(self, recordings: Sequence[Source], skip_bad: bool, reject_below: float) -> Iterator[dict[str, Any]]:
        """Yield what `predict` says of each recording as it is done, by column but for its name."""
        self.refuse_missing_statistics()
        for scored, problem in self._each(recordings, skip_bad):
            yield {**self._row(scored, reject_below), "problem": problem}

    def timeline(
        self,
        recording: Source,
        *,
        window: float = WINDOW,
        hop: float = HOP,
        vad: bool = False,
        progress: bool = False,
        reject_below: float = 0.0,
    ) -> "pd.DataFrame":
        """Emotion over time, of a recording of any length in constant memory.

        Parameters
        ----------
        recording
            As of `predict`.
        window, hop
            Seconds. A row tells of a hop: the mean over the windows around it.
        vad
            Look at speech alone: a row lies within one of its segments, silence and noise have none. Needs silero-vad.
        progress
            Show a bar.
        reject_below
            Confidence below which an answer counts as unknown.

        Returns
        -------
        pandas.DataFrame
            ``start`` and ``end`` in seconds of the recording's own clock, ``emotion`` (empty in digital silence),
            ``confidence``, ``known``, and a column for each emotion.

        Raises
        ------
        BadRecording, UsageError, XserError
            As `predict`; when the window or the hop cannot be.
        """
        import pandas as pd

        self.refuse_missing_statistics()
        cutting, surveyed = Windows(window, hop), survey(recording)
        spans = speech_segments(stream(recording, surveyed)) if vad else [(0.0, surveyed.seconds)]
        windows = [each for span in spans for each in cutting.of(span)]
        found = np.full((len(windows), len(self.emotions)), np.nan)
        with progress_bar(len(windows), "windows", "windows", shown=progress) as bar:
            for at, probabilities in enumerate(self._scorer.over_time(stream(recording, surveyed), windows)):
                found[at] = probabilities
                bar.update()
        rows = [
            {"start": start + surveyed.starts_at, "end": end + surveyed.starts_at, **self._row(mean, reject_below)}
            for (start, end), mean in mean_over_windows(cutting, spans, found)
        ]
        return pd.DataFrame(rows, columns=["start", "end", "emotion", "confidence", "known", *self.emotions])

    def _row(self, scored: Scored | np.ndarray | None, reject_below: float) -> dict[str, Any]:
        """What a table says of a recording, or of probabilities (emotions,); empty where there are none."""
        scores = scored.scores if isinstance(scored, Scored) else None if scored is None else np.log(scored)
        if scores is None or np.isnan(scores).any():
            nothing = dict.fromkeys(self.emotions, np.nan)
            return {"emotion": "", "confidence": np.nan, "known": False, **nothing}
        answer = self._answer(scores, reject_below)
        fields = {"emotion": answer.emotion, "confidence": answer.confidence, "known": answer.known}
        return {**fields, **answer.probabilities}

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
        self.refuse_missing_statistics()
        if _is_one(recordings):
            return self._scorer.score(recordings).embedding
        several = list(cast(Iterable[Source], recordings))
        with progress_bar(len(several), "recordings", "recordings", shown=progress) as bar:
            found = []
            for scored, _ in self._each(several, False):
                found.append(cast(Scored, scored).embedding)
                bar.update()
        return np.stack(found)

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
        if not any(member.record.target_statistics != "none" for member in self._scorer.members):
            raise XserError(
                "this model takes each recording by itself, it cannot be adapted: train with --target-statistics corpus"
            )
        sources = [recordings] if _is_one(recordings) else list(recordings)
        if not sources:
            raise UsageError("to adapt a model, give it recordings: there are none")
        return Model(self.config, self._scorer.adapted(sources), self.device)

    def save(self, folder: Path) -> None:
        """Write the model, with what it was adapted to, as `xser export` does."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_model(folder, self.config, self._scorer.members)

    def _each(self, sources: Sequence[Source], skip_bad: bool) -> Iterator[tuple[Scored | None, str]]:
        """Yield (what networks say of a recording, what is wrong with it), in order, on all cores."""
        for outcome in in_order(self._scorer.score_or_bad, sources, self.device):
            if not isinstance(outcome, BadRecording):
                yield outcome, ""
            elif skip_bad:
                yield None, str(outcome)
            else:
                raise outcome

    def _answer(self, scores: np.ndarray, reject_below: float) -> Answer:
        probabilities = np.exp(scores)
        sharpened = np.exp(scores / self.config.temperature - (scores / self.config.temperature).max())
        best = int(scores.argmax())
        confidence = float(sharpened[best] / sharpened.sum())
        named = dict(zip(self.emotions, map(float, probabilities), strict=True))
        return Answer(self.emotions[best], named, confidence, confidence >= reject_below)

    def refuse_missing_statistics(self) -> None:
        """Raise what `predict` does where it `wants_statistics`."""
        if self.wants_statistics:
            raise XserError(
                "this model was trained on features brought to the statistics of recordings together: give it "
                "unlabelled recordings of the same speaker or microphone (--adapt-to, in Python Model.adapt_to)"
            )


def _is_one(recordings: Source | Iterable[Source]) -> TypeGuard[Source]:
    """Whether this is one recording and not several."""
    if isinstance(recordings, (str, os.PathLike, bytes)) or hasattr(recordings, "read") or isinstance(recordings, Part):
        return True
    return isinstance(recordings, tuple) and len(recordings) == 2 and isinstance(recordings[1], (int, np.integer))
