"""A voice whose level, offset and silence a test can plant."""

import numpy as np

RATE = 16000


def voice(seconds=1.0, rate=RATE, seed=0, level=0.1):
    """Something like speech: harmonics of a gliding pitch that swell and fade, and breath; RMS `level`."""
    chance = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(chance.uniform(90, 250) * (1 + 0.2 * np.sin(2 * np.pi * 1.3 * time))) / rate
    sound = sum(np.sin(number * phase + chance.uniform(0, 6)) / number for number in range(1, 15))
    sound = sound * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * time)) + chance.normal(0, 0.02, len(time))
    sound -= sound.mean()
    return sound * level / sound.std()


def in_16_bit(samples):
    return (np.clip(np.rint(samples * 32768), -32768, 32767) / 32768).astype(np.float32)
