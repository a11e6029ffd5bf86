"""The ``counts.yaml`` of a data root, which stands in for the official counts of made-up corpora."""

from pathlib import Path

from pydantic import NonNegativeInt

from xser.core.records import Record, read_yaml


class Counts(Record):
    """How many recordings a data root holds."""

    made_up: bool
    """Whether the recordings stand in for real ones: results say so."""
    counts: dict[str, dict[str, NonNegativeInt]]
    """Corpus: native label: number of recordings."""


def read_counts(data_root: Path) -> Counts:
    """Read the file; without it nothing is made up and the official counts hold.

    Raises
    ------
    XserError
        In one line, when it does not hold what it should.
    """
    path = data_root / "counts.yaml"
    return read_yaml(path, Counts) if path.is_file() else Counts(made_up=False, counts={})
