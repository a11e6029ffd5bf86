"""What a frozen front end gives, computed once an utterance and kept on disk."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from speechbrain.utils.distributed import ddp_barrier
from torch import Tensor

from xser.core.digests import content_digest, file_digest
from xser.core.errors import XserError
from xser.core.files import only_writer, whole_file, write_json, write_text
from xser.core.fingerprints import fingerprint
from xser.model.encoders.base import FrontEnd
from xser.model.encoders.extraction import extract
from xser.model.gathering import number_of_ranks, same_on_all_ranks, this_rank

SHARD_UTTERANCES = 512
SHARD_BYTES = 2**28


class FeatureStore:
    """Features of a prepared corpus, under ``<prepared folder>/features/<front end>/``.

    Features are found by the digest of the audio, and the folder by everything that they depend on, so that nothing
    stale is ever read. Shards are written whole; after a kill the next `ensure` computes what is missing. A shard is
    checked against the digest beside it when it is opened, and removed where it is another. Several ranks share the
    work.

    Parameters
    ----------
    folder
        Prepared folder of one corpus.
    frontend
        Computes what is missing.
    device
        Where it does.
    """

    def __init__(self, folder: str | Path, frontend: FrontEnd, device: str = "cpu") -> None:
        self.folder = Path(folder) / "features" / fingerprint(frontend.identity)[:8]
        self.frontend = frontend
        self.device = device
        self._shards: dict[Path, Any] = {}
        self._shard_of: dict[str, Path] = {}

    def ensure(self, rows: pd.DataFrame, shown: bool = True) -> None:
        """Compute and keep the features of `rows` that are not kept yet. All ranks must call this together.

        Parameters
        ----------
        rows
            Columns ``audio`` (path of a 16 kHz mono file) and ``digest``.
        shown
            Show the progress when there is something to do.

        Raises
        ------
        XserError
            As `xser.model.encoders.extraction.extract` does.
        """
        audio = dict(zip(rows["digest"], rows["audio"], strict=True))
        if same_on_all_ranks(self._missing(audio)):
            with self._alone():
                missing = same_on_all_ranks(self._missing(audio))
                self._keep(dict(list(missing.items())[this_rank() :: number_of_ranks()]), shown)
        self._look()

    def _keep(self, audio: dict[str, str], shown: bool) -> None:
        if this_rank() == 0 and audio:
            write_json(self.folder / "frontend.json", self.frontend.identity)
        shard: dict[str, Tensor] = {}
        for digest, features in extract(self.frontend, audio, self.device, shown and this_rank() == 0):
            shard[digest] = features
            if len(shard) == SHARD_UTTERANCES or sum(map(_bytes, shard.values())) >= SHARD_BYTES:
                self._write(shard)
                shard = {}
        if shard:
            self._write(shard)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder for these ranks against other runs; go on when all ranks are ready, and when all are done."""
        with only_writer(self.folder, waiting=True) if this_rank() == 0 else contextlib.nullcontext():
            ddp_barrier()
            yield
            ddp_barrier()

    def get(self, digest: str) -> Tensor:
        """Features of one utterance, (time, ...), float32. They may lie in a file: clone them before writing to them.

        Raises
        ------
        XserError
            When the features are not kept.
        """
        return self._shard(digest).get_tensor(digest)

    def frames(self, digest: str) -> int:
        """Length in frames of one utterance's features, without reading them."""
        return self._shard(digest).get_slice(digest).get_shape()[0]

    def _shard(self, digest: str) -> Any:
        if digest not in self._shard_of:
            self._look()
        if digest not in self._shard_of:
            raise XserError(f"no features of the audio {digest} in {self.folder}: run stage 2 (train) again")
        return self._shards[self._shard_of[digest]]

    def _missing(self, audio: dict[str, str]) -> dict[str, str]:
        self._look()
        return {digest: path for digest, path in audio.items() if digest not in self._shard_of}

    def _look(self) -> None:
        """Open the shards that appeared since the last look; remove one that is not what was written, and raise."""
        for path in sorted(self.folder.glob("[0-9]*.safetensors")):
            if path in self._shards:
                continue
            try:
                if not _is_as_written(path):
                    raise SafetensorError
                self._shards[path] = safe_open(path, "pt")
            except SafetensorError as error:
                path.unlink()
                raise XserError(
                    f"{path} was not what was written (cut, changed or damaged since) and is removed: run the same "
                    "command again, which computes those features anew"
                ) from error
            self._shard_of.update(dict.fromkeys(self._shards[path].keys(), path))

    def _write(self, shard: dict[str, Tensor]) -> None:
        last = max((int(path.stem[:5]) for path in self.folder.glob("[0-9]*.safetensors")), default=-1)
        rank = f"-{this_rank()}" if number_of_ranks() > 1 else ""  # ranks write at the same time
        path, content = self.folder / f"{last + 1:05d}{rank}.safetensors", save(shard)
        write_text(_digest_file(path), content_digest(content))  # first: a shard without one is of an older xser
        with whole_file(path) as part:
            part.write_bytes(content)


def _digest_file(shard: Path) -> Path:
    return shard.with_suffix(".sha256")


def _is_as_written(shard: Path) -> bool:
    """Whether a shard is what its digest tells."""
    try:
        return file_digest(shard) == _digest_file(shard).read_text(encoding="utf-8")
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
