"""Embeddings of recordings by a pretrained encoder, for your own classifier.

xser features whisper_tiny_en recordings/ --output features.npz
xser features ~/models/my_hubert calls.csv --layer 6 --output features.parquet

A row is the mean over a recording's frames. .npz holds `recording` and `features`; .parquet has a column for each
dimension.
"""

import argparse
from pathlib import Path

from xser.commands.options import add_recipes_option


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser features``."""
    parser.add_argument(
        "encoder", metavar="ENCODER", help="an encoder of recipes/hparams/encoders, a model's folder, or its hub name"
    )
    parser.add_argument("recordings", nargs="+", metavar="PATH", help="files, folders, patterns, tables, or -")
    parser.add_argument("--output", metavar="FILE", required=True, help="write there: .npz or .parquet")
    parser.add_argument("--overwrite", action="store_true", help="replace an --output that is there")
    parser.add_argument("--layer", metavar="L", default="last", help="a number, 0 being the input; last; all")
    parser.add_argument(
        "--model-root", metavar="DIR", help="DIR/<encoder> is taken instead of the hub when it is there"
    )
    parser.add_argument("--device", metavar="D", default="auto", help="where to compute: auto, cpu, cuda, mps")
    add_recipes_option(parser)


def main(options: argparse.Namespace) -> None:
    """Embed and write."""
    from xser.corpora.given_recordings import find_recordings
    from xser.experiments.catalogue import catalogue_of
    from xser.experiments.encoder_embeddings import check_output, embed, find_pretrained, layer_number, write_features

    output = check_output(Path(options.output), options.layer == "all", options.overwrite)
    recordings = find_recordings(options.recordings)
    model_root = None if options.model_root is None else Path(options.model_root)
    encoder = find_pretrained(options.encoder, catalogue_of(options.recipes), model_root)
    layer = layer_number(options.layer, encoder.layers)
    features = embed(encoder, recordings, options.device)
    write_features(output, recordings, features if layer is None else features[:, layer])
    print(f"written: {output}: {len(recordings)} recordings, {encoder.size} dimensions")
