"""The emotion of recordings, by a trained model."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser predict``."""
    parser.add_argument("model", metavar="MODEL", help="an exported model, a run's folder, or a name on the hub")
    parser.add_argument("recordings", nargs="+", metavar="PATH", help="recordings")
    parser.add_argument("--device", metavar="D", default="auto", help="where to compute: auto, cpu, cuda, mps")


def main(options: argparse.Namespace) -> None:
    """Print a table."""
    from xser.model.loading import load

    print(load(options.model, options.device).predict(options.recordings, progress=True).to_string(index=False))
