"""A front end's features of recordings, computed one utterance at a time."""

import concurrent.futures
import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from xser.core.errors import XserError
from xser.core.progress import progress
from xser.model.encoders.base import FrontEnd
from xser.model.encoders.recordings import read_prepared_audio

if TYPE_CHECKING:
    import pandas as pd


def extract(
    frontend: FrontEnd, audio: Mapping[str, str], device: str = "cpu", shown: bool = True
) -> Iterator[tuple[str, Tensor]]:
    """Yield (digest, features) of recordings, in their order.

    Each utterance goes through the front end by itself, never in a batch: its features are the same to the last bit in
    whatever company. On a CPU as many are computed at once as torch may use threads.

    Parameters
    ----------
    frontend
        What computes, once it is on `device`.
    audio
        Path of a 16 kHz mono file of each digest.
    shown
        Show the progress.

    Raises
    ------
    XserError
        When an audio file is missing or not 16 kHz mono, or its features are not finite.
    """
    if isinstance(frontend, torch.nn.Module):
        frontend.to(device)
    workers = torch.get_num_threads() if torch.device(device).type == "cpu" else 1
    with (
        progress(len(audio), "features", "utterances", shown=shown and bool(audio)) as bar,
        one_thread_each(workers) as pool,
    ):
        waiting: list[tuple[str, concurrent.futures.Future[Tensor]]] = []
        for digest, path in audio.items():
            waiting.append((digest, pool.submit(_features, frontend, path, digest, device)))
            if len(waiting) > 4 * workers:
                first, features = waiting.pop(0)
                yield first, features.result()
                bar.update()
        for digest, features in waiting:
            yield digest, features.result()
            bar.update()


class FeaturesInMemory:
    """Features of some recordings, computed and held in memory: nothing is written."""

    def __init__(self, rows: "pd.DataFrame", frontend: FrontEnd, device: str = "cpu") -> None:
        self._features = dict(extract(frontend, dict(zip(rows["digest"], rows["audio"], strict=True)), device))

    def get(self, digest: str) -> Tensor:
        """Features of one utterance, (time, ...)."""
        return self._features[digest]

    def frames(self, digest: str) -> int:
        """Length in frames of one utterance's features."""
        return len(self._features[digest])


def _features(frontend: FrontEnd, path: str, digest: str, device: str) -> Tensor:
    waveform = torch.from_numpy(read_prepared_audio(path, digest)).to(device)
    features, lengths = frontend(waveform[None], torch.tensor([len(waveform)]))
    features = features[0, : int(lengths[0])].float().cpu().contiguous()
    if not torch.isfinite(features).all():
        raise XserError(f"the features of {path} are not finite: listen to the recording, or run with --skip-bad")
    return features


@contextlib.contextmanager
def one_thread_each(workers: int) -> Iterator[concurrent.futures.Executor]:
    """Yield a pool whose `workers` threads compute on one core each.

    Utterances are short: one on each core is several times faster than all cores on one, above all when other programs
    keep a core busy; and no sum depends on the number of cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = concurrent.futures.ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)
