"""What both loops of the benchmark share: they answer commands on standard input with a JSON line each."""

import json
import resource
import sys
import time

import pandas as pd

EMOTIONS = ("angry", "happy", "neutral", "sad")


def peak_memory():
    """The most bytes that this process had in memory so far (`getrusage`'s maxrss, all of the process)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def clocks():
    """Seconds of the wall clock, and of all cores that this process has used."""
    return time.perf_counter(), time.process_time()


def since(start):
    """Seconds since `start` (from `clocks`), as a dict with ``wall`` and ``cpu``."""
    return dict(zip(("wall", "cpu"), (now - then for now, then in zip(clocks(), start, strict=True)), strict=True))


def answer(content):
    """Send one answer."""
    sys.__stdout__.write(json.dumps(content) + "\n")
    sys.__stdout__.flush()


def commands():
    """Yield the commands that come in, as lists of words, until the other side closes."""
    for line in sys.stdin:
        yield line.split()


def read_rows(path):
    """Rows of the material: `xser`'s manifest columns, texts where a column is text."""
    return pd.read_csv(path, dtype={"speaker": str}, keep_default_na=False)
