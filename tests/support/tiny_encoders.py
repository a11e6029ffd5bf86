"""Tiny pretrained encoders with random weights, each made once."""

from tools.make_tiny_encoder import KINDS, make_tiny_encoder

__all__ = ["KINDS", "tiny_encoder"]

_made = {}


def tiny_encoder(kind, tmp_path_factory, seed=0):
    """Folder of the tiny encoder of `kind`."""
    if (kind, seed) not in _made:
        folder = tmp_path_factory.mktemp("modèle") / kind
        make_tiny_encoder(kind, folder, seed=seed)
        _made[kind, seed] = folder
    return _made[kind, seed]
