"""Embeddings of a pretrained encoder as it is, for people who bring their own classifier."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from xser.core.errors import UsageError
from xser.core.extras import optional
from xser.core.files import folder_of, refuse_existing, whole_file
from xser.core.progress import progress
from xser.corpora.audio.streaming import stream, survey
from xser.corpora.audio.waveforms import RATE, Source, name_of
from xser.experiments.catalogue import Catalogue
from xser.experiments.encoder_choice import LANGUAGE_MATCHED, choose_encoder
from xser.model.devices import chosen_device
from xser.model.encoders.pretrained import PretrainedEncoder
from xser.model.scoring import LONGEST, in_order, samples_of
from xser.model.timeline import Windows, cut

SUFFIXES = (".npz", ".parquet")


def find_pretrained(option: str, catalogue: Catalogue, model_root: Path | None) -> PretrainedEncoder:
    """The pretrained encoder that a user means.

    Raises
    ------
    UsageError
        When it is not pretrained, or depends on a language.
    XserError
        When there is none.
    """
    if option == LANGUAGE_MATCHED:
        raise UsageError(f"{LANGUAGE_MATCHED} depends on a task's language: name an encoder")
    choice = choose_encoder(option, catalogue, None, model_root)
    if choice.source is None:
        raise UsageError(f"{option} is trained from scratch and has no features of its own: name a pretrained encoder")
    return PretrainedEncoder(choice.source, choice.revision)


def layer_number(word: str, layers: int) -> int | None:
    """The layer that a user names; None for all of them.

    Examples
    --------
    >>> layer_number("last", 5), layer_number("0", 5), layer_number("all", 5)
    (4, 0, None)
    """
    if word == "all":
        return None
    if word == "last":
        return layers - 1
    if not word.isdecimal() or int(word) >= layers:
        raise UsageError(f"--layer is 0 (the transformer's input) to {layers - 1}, last or all, not {word!r}")
    return int(word)


def embed(encoder: PretrainedEncoder, recordings: Sequence[Source], device: str = "auto") -> np.ndarray:
    """Mean over the frames of every layer.

    Parameters
    ----------
    encoder
        It gives each layer's mean.
    recordings
        One longer than 30 seconds is embedded in pieces of that length, and the mean over them is taken.
    device
        As in ``--device``.

    Returns
    -------
    numpy.ndarray
        (recordings, layers, size), float32.

    Raises
    ------
    BadRecording
        When a recording cannot be used.
    """
    chosen = chosen_device(device)
    encoder.to(chosen)
    found = []
    with progress(len(recordings), "features", "recordings", shown=len(recordings) > 1) as bar:
        for features in in_order(_embedder(encoder, chosen), recordings, chosen):
            found.append(features)
            bar.update()
    return np.stack(found)


def _embedder(encoder: PretrainedEncoder, device: str) -> Callable[[Source], np.ndarray]:
    @torch.inference_mode()
    def one(source: Source) -> np.ndarray:
        surveyed = survey(source)
        pieces = samples_of(Windows(LONGEST, LONGEST).of((0.0, surveyed.seconds)))
        total, seconds = np.zeros(()), 0.0
        for waveform in cut(stream(source, surveyed), pieces):
            features, _ = encoder(torch.from_numpy(waveform)[None].to(device), torch.tensor([len(waveform)]))
            total = total + len(waveform) / RATE * features[0, 0].cpu().double().numpy()
            seconds += len(waveform) / RATE
        return np.float32(total / seconds)

    return one


def write_features(output: Path, recordings: Sequence[Source], features: np.ndarray) -> None:
    """Write ``recording`` and ``features`` (.npz), or a column for each dimension (.parquet).

    Parameters
    ----------
    features
        (recordings, size), or (recordings, layers, size) for .npz.
    """
    names = [name_of(source) for source in recordings]
    with whole_file(output) as part:
        if output.suffix.lower() == ".npz":
            np.savez(part, recording=np.array(names), features=features)
            return
        import pandas as pd

        columns: dict[str, Any] = {f"feature{at}": features[:, at] for at in range(features.shape[1])}
        pd.DataFrame({"recording": names, **columns}).to_parquet(part, index=False)


def check_output(output: Path, all_layers: bool, overwrite: bool) -> Path:
    """The file to write.

    Raises
    ------
    UsageError
        When its suffix is unknown, or does not hold all layers.
    XserError
        When it is there, or cannot be written.
    """
    output = folder_of(output.parent) / output.name
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--output ends in {' or '.join(SUFFIXES)}, not {output.name!r}")
    if output.suffix.lower() == ".parquet":
        optional("pyarrow", "a Parquet file")
        if all_layers:
            raise UsageError("--layer all goes into .npz: a column of a .parquet is one dimension of one layer")
    refuse_existing(output, overwrite)
    return output
