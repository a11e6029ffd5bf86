"""xser: zero-shot cross-lingual speech emotion recognition.

From the ground: ``core`` stands under all; ``corpora`` is what was recorded; ``protocol`` who may see what; ``model``
what
learns, ``evidence`` what can be believed and ``audit`` what would fool a model, side by side; ``experiments`` what a
user
asked for, and the four stages that do it; ``grid`` many of them; ``commands`` the command ``xser``. Nothing imports
upwards.

Importing ``xser`` imports nothing else. What it offers is imported when it is used:

>>> import xser
>>> task = xser.Experiment(sources="cafe,esd:cmn", target="emodb").task
>>> str(task.target), [str(source) for source in task.sources]
('emodb', ['cafe', 'esd:cmn'])
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xser.corpora.description.corpus import Corpus
    from xser.experiments.public import Experiment, corpora, read_corpus
    from xser.protocol.tasks import Task

__version__ = "0.2.0"
__all__ = ["Corpus", "Experiment", "Task", "corpora", "read_corpus"]

_PLACES = {
    "Corpus": "xser.corpora.description.corpus",
    "Experiment": "xser.experiments.public",
    "Task": "xser.protocol.tasks",
    "corpora": "xser.experiments.public",
    "read_corpus": "xser.experiments.public",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    import importlib

    if name not in _PLACES:
        raise AttributeError(f"module 'xser' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
