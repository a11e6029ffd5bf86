"""xser: zero-shot cross-lingual speech emotion recognition.

Its packages, from the ground; none imports from one above it:

- ``core`` stands under all
- ``corpora``: what was recorded
- ``protocol``: who may see what
- ``model``, ``evidence`` and ``audit``, side by side: what learns, what can be believed, what would fool a model
- ``experiments``: what a user asked for, and the four stages that do it
- ``grid``: many of them
- ``demo``, beside it: a page on which people try a model
- ``commands``: the command ``xser``

Importing ``xser`` imports nothing else. What it offers is imported when it is used:

>>> import xser
>>> task = xser.Experiment(sources="cafe,esd:cmn", target="emodb").task
>>> str(task.target), [str(source) for source in task.sources]
('emodb', ['cafe', 'esd:cmn'])
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xser.corpora.description.corpus import Corpus
    from xser.experiments.public import Experiment, corpus_names, read_corpus
    from xser.model.loading import load
    from xser.model.recognition import Answer, Model
    from xser.protocol.tasks import Task

__version__ = "0.2.0"
__all__ = ["Answer", "Corpus", "Experiment", "Model", "Task", "corpus_names", "load", "read_corpus"]

_PLACES = {
    "Answer": "xser.model.recognition",
    "Corpus": "xser.corpora.description.corpus",
    "Experiment": "xser.experiments.public",
    "Model": "xser.model.recognition",
    "Task": "xser.protocol.tasks",
    "corpus_names": "xser.experiments.public",
    "load": "xser.model.loading",
    "read_corpus": "xser.experiments.public",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    import importlib

    if name not in _PLACES:
        raise AttributeError(f"module 'xser' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
