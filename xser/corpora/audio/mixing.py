"""The channels of a recording become one, block by block: a long one needs the memory of what is kept of it alone."""

import numpy as np

STEP = 1 / 32768  # of a 16-bit sample
LONGEST = 1800  # seconds of an utterance
MOST_SAMPLES = 2**27  # of an utterance, 512 MiB: binds above 74 kHz
CANCELLED = 0.1  # of the power that the mean of unrelated channels has


class TooLong(Exception):
    """More is to be kept than an utterance may have."""


class Mixer:
    """Collects the mean of the channels over a stretch of a recording, or one channel of it.

    Parameters
    ----------
    rate
        Samples per second.
    first, last
        Frames of the stretch: the first, and the one behind its last; None for the end of the recording.
    position
        The frame at which the first block begins.
    channel
        The one to be kept; None for the mean.
    """

    def __init__(self, rate: int, first: int, last: int | None, position: int = 0, channel: int | None = None) -> None:
        self.rate, self.first, self.last, self.position, self.channel = rate, first, last, position, channel
        self.kept, self.pieces = 0, [np.zeros(0, np.float32)]
        self.sums = self.squares = np.zeros(1)  # of each channel, and of their mean

    def add(self, block: np.ndarray) -> bool:
        """Add a block of samples, shape (channels, samples); return whether more are wanted.

        Raises
        ------
        TooLong
            When more is kept than `LONGEST` seconds.
        """
        start, end = self.position, self.position + block.shape[1]
        self.position = end
        block = block[:, max(0, self.first - start) : None if self.last is None else max(0, self.last - start)]
        if block.shape[1]:
            mono = mix(block) if self.channel is None else block[self.channel].astype(np.float32)
            self.pieces.append(np.ascontiguousarray(mono))
            self.kept += len(mono)
            if self.channel is None and len(block) > 1:
                self._measure(np.concatenate([block, mono[None]]).astype(np.float64))
        if self.kept > min(LONGEST * self.rate, MOST_SAMPLES):
            raise TooLong
        return self.last is None or end < self.last

    def _measure(self, block: np.ndarray) -> None:
        with np.errstate(all="ignore"):
            self.sums = self.sums + block.sum(axis=1)
            self.squares = self.squares + (block**2).sum(axis=1)

    @property
    def samples(self) -> np.ndarray:
        """What was collected, float32."""
        return np.concatenate(self.pieces)

    @property
    def loudest_of_cancelled(self) -> int | None:
        """The loudest channel where they cancel each other out in their mean, None where they do not.

        The mean of n unrelated channels has an nth of their power, that of opposite ones none.
        """
        if len(self.squares) < 3 or not np.isfinite(self.squares).all():
            return None
        power = self.squares / self.kept - (self.sums / self.kept) ** 2
        channels = power[:-1]
        if channels.max() <= (4 * STEP) ** 2 or power[-1] >= CANCELLED * channels.mean() / len(channels):
            return None
        return int(channels.argmax())


def mix(block: np.ndarray) -> np.ndarray:
    """Mean over the channels: (channels, samples) -> (samples,) float32."""
    if len(block) == 1:
        return block[0].astype(np.float32)
    with np.errstate(all="ignore"):  # infinite samples are found later
        return block.mean(axis=0, dtype=np.float32)
