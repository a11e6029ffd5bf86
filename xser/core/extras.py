"""Libraries that only some commands need, and the message where one is missing. setup.py has their versions."""

import importlib
import importlib.util
from types import ModuleType

from xser.core.errors import XserError

DISTRIBUTION = "xser-toolkit"
EXTRA_OF = {
    "fastapi": "serve",
    "gradio": "serve",
    "jinja2": "report",
    "matplotlib": "report",
    "onnx": "onnx",
    "onnx_ir": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "pyarrow": "tables",
    "silero_vad": "vad",
    "submitit": "grid",
    "uvicorn": "serve",
}


def optional(module: str, purpose: str) -> ModuleType:
    """Import a library of `EXTRA_OF`.

    Parameters
    ----------
    module
        Its name, or a module in it.
    purpose
        What it is needed for, as the beginning of the error.

    Raises
    ------
    XserError
        When it is not installed.

    Examples
    --------
    >>> optional("pyarrow", "a Parquet file").__name__
    'pyarrow'
    """
    library = module.partition(".")[0]
    if not is_installed(library):
        alone = library.replace("_", "-")
        raise XserError(
            f"{purpose} needs {alone}: pip install '{DISTRIBUTION}[{EXTRA_OF[library]}]', or pip install {alone}"
        )
    return importlib.import_module(module)


def is_installed(library: str) -> bool:
    """Whether a library can be found, without importing it."""
    return importlib.util.find_spec(library) is not None
