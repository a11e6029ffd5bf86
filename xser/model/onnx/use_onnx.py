"""Emotion in recordings, with numpy, soundfile and onnxruntime alone: python use_onnx.py my.wav ..."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile

for path in sys.argv[1:] if __name__ == "__main__" else ():
    emotions = json.loads(Path(__file__).with_name("config.json").read_text(encoding="utf-8"))["emotions"]
    graph = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"))  # or model.int8.onnx
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    size = round(len(sound) * 16000 / rate)  # at 16 kHz, to which the spectrum is cut or filled up; then to 16 bits
    wave = np.rint(np.fft.irfft(np.fft.rfft(sound.mean(axis=1)), size) * size / len(sound) * 32768) / 32768
    parts = [wave] if size <= 480000 else [wave[at : at + 64000] for at in range(0, size - 32000, 32000)]
    heard = [np.float32(part)[None] for part in parts if np.ptp(part) > 2 / 32768]  # the rest is digital silence
    found = np.mean([graph.run(["probabilities"], {"waveform": part})[0][0] for part in heard], axis=0)
    print(path, *(f"{emotion} {share:.4f}" for emotion, share in zip(emotions, found, strict=True)), sep="\t")
