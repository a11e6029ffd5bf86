"""How egs_data/ is written: WAV in IMA ADPCM, mp4, the tables and counts.yaml. The same input gives the same bytes."""

import csv
import fractions
import io

import numpy as np
import soundfile
import yaml

from egs_speech.plan import RATE, count_labels
from egs_speech.speech import speak
from xser.core.files import whole_file, write_text

BIT_RATE = 28000


def write_utterance(utterance, folder):
    """Speak an `Utterance` and write it below `folder`."""
    samples = speak(utterance)
    with whole_file(folder / utterance.path) as part:
        if part.suffix == ".mp4":
            _write_mp4(part, samples)
        else:
            soundfile.write(part, samples, RATE, subtype="IMA_ADPCM")


def write_tables(utterances, folder):
    """Write the tables of the corpora that have them, and counts.yaml; return their paths below `folder`."""
    tables = {}
    for utterance in utterances:
        if utterance.row:
            tables.setdefault(utterance.row["table"], []).append(utterance.row)
    for path, rows in tables.items():
        text = io.StringIO()
        columns = [column for column in rows[0] if column != "table"]
        writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["Sr No."]))
        write_text(folder / path, text.getvalue())
    counts = {"made_up": True, "counts": count_labels(utterances)}
    comment = "# Written by tools/make_egs_data.py: these stand in for the real corpora's counts.\n"
    write_text(folder / "counts.yaml", comment + yaml.safe_dump(counts, sort_keys=True))
    return [*tables, "counts.yaml"]


def _write_mp4(path, samples):
    """Write a grey picture and `samples` as AAC, with nothing in the file that tells time, version or machine."""
    import av

    with av.open(str(path), "w", format="mp4") as container:
        container.flags |= av.container.Flags.bitexact.value
        video = container.add_stream("mpeg4", rate=1)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        audio.bit_rate = BIT_RATE
        for stream in (video, audio):
            stream.codec_context.flags |= av.codec.context.Flags.bitexact
            stream.codec_context.thread_count = 1
        picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 128, np.uint8), format="rgb24")
        picture.pts = 0
        sound = av.AudioFrame.from_ndarray((samples / np.float32(32768))[np.newaxis], format="fltp", layout="mono")
        sound.sample_rate, sound.pts, sound.time_base = RATE, 0, fractions.Fraction(1, RATE)
        for stream, frame in ((video, picture), (audio, sound)):
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
