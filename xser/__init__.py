"""xser: zero-shot cross-lingual speech emotion recognition.

Four wings, each importing only from those below it: ``evidence`` (what can be believed) and ``model`` (what learns)
stand on ``protocol`` (who may see what), which stands on ``corpora`` (what was recorded). The verbs
``python -m xser.experiments.prepare | manifests | train | evaluate | report`` are the stages of every recipe.

Importing ``xser`` imports nothing else: ``python -m xser.<verb> --help`` answers without waiting for torch.
"""

__version__ = "0.1.0"
