"""Versions of everything that a figure may depend on."""

import importlib.metadata
import platform

import xser

LIBRARIES = ("torch", "torchaudio", "speechbrain", "transformers", "numpy", "pandas", "scikit-learn")


def versions(*more: str) -> dict[str, str]:
    """Versions of xser, Python, `LIBRARIES` and `more` distributions, by name; what is not installed is left out."""
    found = {"xser": xser.__version__, "python": platform.python_version()}
    for name in (*LIBRARIES, *more):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # an optional one
            continue
    return found
