"""What a frozen front end gives, computed once an utterance and kept on disk."""

import concurrent.futures
import contextlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from speechbrain.utils.distributed import ddp_barrier
from tqdm import tqdm

from xser.core.errors import XserError
from xser.core.files import only_writer, whole_file, write_json
from xser.core.fingerprints import fingerprint
from xser.model.encoders.recordings import read_prepared_audio
from xser.model.gathering import number_of_ranks, same_on_all_ranks, this_rank

SHARD_UTTERANCES = 512
SHARD_BYTES = 2**28


class FeatureStore:
    """Features of a prepared corpus, under ``<prepared folder>/features/<front end>/``.

    Features are found by the digest of the audio, and the folder by everything that they depend on, so that nothing
    stale is ever read. Each utterance goes through the front end by itself, never in a batch: its features are the same
    to the last bit whichever utterances were asked for before or with it. Shards are written whole; after a kill the
    next `ensure` computes what is missing. Several ranks share the work.

    Parameters
    ----------
    folder : str or Path
        Prepared folder of one corpus.
    frontend : torch.nn.Module
        Takes (waveforms (1, samples), lengths (1,)) and gives (features (1, time, ...), lengths (1,)); its ``identity``
        says all that its output depends on.
    device : str
        Where the front end computes.
    """

    def __init__(self, folder, frontend, device="cpu"):
        self.folder = Path(folder) / "features" / fingerprint(frontend.identity)[:8]
        self.frontend = frontend
        self.device = torch.device(device)
        self._shards = {}  # path: open shard
        self._shard_of = {}  # digest: path

    def ensure(self, rows, progress=True):
        """Compute and keep the features of `rows` that are not kept yet. All ranks must call this together.

        Parameters
        ----------
        rows : pandas.DataFrame
            Columns ``audio`` (path of a 16 kHz mono file) and ``digest``.
        progress : bool
            Show a progress bar when there is something to do.

        Raises
        ------
        XserError
            When an audio file is missing or not 16 kHz mono, or its features are not finite.
        """
        audio = dict(zip(rows["digest"], rows["audio"], strict=True))
        if not same_on_all_ranks(self._missing(audio)):
            self._look()
            return
        with self._alone():
            missing = same_on_all_ranks(self._missing(audio))
            mine = dict(list(missing.items())[this_rank() :: number_of_ranks()])
            if this_rank() == 0 and mine:
                write_json(self.folder / "frontend.json", self.frontend.identity)
            self.frontend.to(self.device)
            quiet = not progress or this_rank() > 0 or not mine
            with tqdm(total=len(mine), desc="features", unit="utterance", disable=True if quiet else None) as bar:
                shard = {}
                for digest, features in self._computed(mine):
                    shard[digest] = features
                    bar.update()
                    if len(shard) == SHARD_UTTERANCES or sum(map(_bytes, shard.values())) >= SHARD_BYTES:
                        self._write(shard)
                        shard = {}
                if shard:
                    self._write(shard)
        self._look()

    @contextlib.contextmanager
    def _alone(self):
        """Hold the folder for these ranks against other runs; go on when all ranks are ready, and when all are done."""
        with only_writer(self.folder, waiting=True) if this_rank() == 0 else contextlib.nullcontext():
            ddp_barrier()
            yield
            ddp_barrier()

    def get(self, digest):
        """Features of one utterance.

        Parameters
        ----------
        digest : str
            The row's ``digest``.

        Returns
        -------
        Tensor
            Shape (time, ...), float32. It may lie in a file: clone it before writing to it.

        Raises
        ------
        XserError
            When the features are not kept.
        """
        if digest not in self._shard_of:
            self._look()
        if digest not in self._shard_of:
            raise XserError(f"no features of the audio {digest} in {self.folder}: run stage 2 (train) again")
        return self._shards[self._shard_of[digest]].get_tensor(digest)

    def frames(self, digest):
        """Length in frames of one utterance's features, without reading them."""
        if digest not in self._shard_of:
            self._look()
        return self._shards[self._shard_of[digest]].get_slice(digest).get_shape()[0]

    def _missing(self, audio):
        self._look()
        return {digest: path for digest, path in audio.items() if digest not in self._shard_of}

    def _look(self):
        """Open the shards that appeared since the last look."""
        for path in sorted(self.folder.glob("[0-9]*.safetensors")):
            if path not in self._shards:
                try:
                    self._shards[path] = safe_open(path, "pt")
                except SafetensorError as error:
                    raise XserError(f"{path} is damaged: delete it and run the same command again") from error
                self._shard_of.update(dict.fromkeys(self._shards[path].keys(), path))

    def _computed(self, missing):
        """Yield (digest, features) in the order of `missing`; on a CPU as many at once as torch may use threads."""
        workers = torch.get_num_threads() if self.device.type == "cpu" else 1
        with _one_thread_each(workers) as pool:
            waiting = []
            for digest, path in missing.items():
                waiting.append((digest, pool.submit(self._compute, path)))
                if len(waiting) > 4 * workers:
                    digest, features = waiting.pop(0)
                    yield digest, features.result()
            for digest, features in waiting:
                yield digest, features.result()

    def _compute(self, path):
        waveform = torch.from_numpy(read_prepared_audio(path)).to(self.device)
        lengths = torch.tensor([len(waveform)], device=self.device)
        features, lengths = self.frontend(waveform[None], lengths)
        features = features[0, : int(lengths[0])].float().cpu().contiguous()
        if not torch.isfinite(features).all():
            raise XserError(f"the features of {path} are not finite: listen to the recording, or run with --skip-bad")
        return features

    def _write(self, shard):
        last = max((int(path.stem[:5]) for path in self.folder.glob("[0-9]*.safetensors")), default=-1)
        rank = f"-{this_rank()}" if number_of_ranks() > 1 else ""  # ranks write at the same time
        with whole_file(self.folder / f"{last + 1:05d}{rank}.safetensors") as part:
            part.write_bytes(save(shard))


@contextlib.contextmanager
def _one_thread_each(workers):
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


def _bytes(tensor):
    return tensor.numel() * tensor.element_size()
