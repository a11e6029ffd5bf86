"""What `xser predict` costs beside a plain loop of transformers with the same encoder: speed, memory, start.

    python tests/benchmarks/prediction_cost.py --model my_model --encoder ~/models/whisper_tiny_en --long

The plain loop is what a user of transformers writes: the encoder's feature extractor, batches of 16 padded recordings
in the order given, `AutoModel`, the mean over frames, a linear layer. Each side runs in a process of its own, in turn.
The start is that to the first answer of one file, in seconds of a core, beside `import torch, transformers` alone.
`--long` goes through recordings of 10 minutes and of 3 hours as well, for the memory that a long one takes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

PLAIN = """
import sys, time
import torch, transformers
imported = time.process_time()
import numpy as np, soundfile
from transformers import AutoFeatureExtractor, AutoModel
folder, *paths = sys.argv[1:]
extractor = AutoFeatureExtractor.from_pretrained(folder)
model = AutoModel.from_pretrained(folder).eval()
model = model.get_encoder() if model.config.model_type == "whisper" else model
head = torch.nn.Linear(model.config.hidden_size, 4)
started = time.perf_counter()
with torch.inference_mode():
    for at in range(0, len(paths), 16):
        waveforms = [soundfile.read(path, dtype="float32")[0] for path in paths[at : at + 16]]
        inputs = extractor(waveforms, sampling_rate=16000, padding=True if "input_values" in extractor.model_input_names
                           else "max_length", return_tensors="pt")
        head(model(**inputs).last_hidden_state.mean(dim=1)).softmax(dim=-1)
seconds = time.perf_counter() - started
"""
OURS = """
import sys, time
import xser
folder, *paths = sys.argv[1:]
model = xser.load(folder, "cpu")
model.predict(paths[0])
imported = time.process_time()
started = time.perf_counter()
model.predict(paths)
seconds = time.perf_counter() - started
"""
LONG = """
import sys, time
import xser
folder, path = sys.argv[1:]
model = xser.load(folder, "cpu")
model.predict(path)
started = time.perf_counter()
model.timeline(path, window=4.0, hop=float(4.0))
seconds = time.perf_counter() - started
imported = 0.0
"""
REPORT = """
import json, resource
print(json.dumps({"imported": imported, "seconds": seconds,
                  "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


def measured(code: str, *words: str) -> dict[str, float]:
    """Run code in a process of its own; seconds and peak memory."""
    finished = subprocess.run([sys.executable, "-c", code + REPORT, *words], capture_output=True, text=True, check=True)
    return json.loads(finished.stdout.splitlines()[-1])


def make_recordings(folder: Path, number: int) -> tuple[list[str], float]:
    """Noise of 1 to 8 seconds; paths, and seconds in all."""
    random = np.random.default_rng(0)
    paths, seconds = [], 0.0
    for at in range(number):
        length = random.uniform(1, 8)
        path = folder / f"{at:05d}.wav"
        soundfile.write(path, 0.1 * random.standard_normal(round(16000 * length)), 16000)
        paths.append(str(path))
        seconds += length
    return paths, seconds


def make_long(path: Path, minutes: int) -> str:
    """Noise of so many minutes, written minute by minute."""
    random = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", 16000, 1) as sound:
        for _ in range(minutes):
            sound.write(0.1 * random.standard_normal(16000 * 60))
    return str(path)


def typed_command() -> str:
    """The command as another would type it, without folders of this computer."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return " ".join(["python", "tests/benchmarks/prediction_cost.py", *words])


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an exported model on that encoder")
    parser.add_argument("--encoder", required=True, help="the encoder's folder in Hugging Face's format")
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2, help="each side is measured so often; the best counts")
    parser.add_argument("--long", action="store_true", help="measure memory at 10 minutes and at 3 hours too")
    parser.add_argument("--output", help="write the figures there")
    options = parser.parse_args()
    result: dict[str, object] = {"recordings": options.recordings, "command": typed_command()}
    with tempfile.TemporaryDirectory() as name:
        paths, seconds = make_recordings(Path(name), options.recordings)
        rounds = [
            (measured(PLAIN, options.encoder, *paths), measured(OURS, options.model, *paths))
            for _ in range(options.rounds)
        ]
        plain, ours = (min((pair[side] for pair in rounds), key=lambda found: found["seconds"]) for side in (0, 1))
        result |= {
            "audio_seconds": round(seconds),
            "audio_per_second": {"plain": seconds / plain["seconds"], "xser": seconds / ours["seconds"]},
            "speed_ratio": plain["seconds"] / ours["seconds"],
            "memory_ratio": ours["peak_bytes"] / plain["peak_bytes"],
            "start_ratio": min(pair[1]["imported"] for pair in rounds) / min(pair[0]["imported"] for pair in rounds),
        }
        if options.long:
            peaks = [
                measured(LONG, options.model, make_long(Path(name, f"{m}.wav"), m))["peak_bytes"] for m in (10, 180)
            ]
            result["peak_3_hours_over_10_minutes"] = peaks[1] / peaks[0]
    text = json.dumps(result, indent=2, sort_keys=True) + "\n"
    print(text, end="")
    if options.output:
        Path(options.output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
