"""A page in your browser: speak or give a recording, and see what a model hears in it.

xser serve my_model
xser serve my_model --port 8000 --max-minutes 2
xser serve my_model --host 0.0.0.0

It works without a network, sends nothing anywhere, and keeps nothing.
"""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser serve``."""
    parser.add_argument("model", metavar="MODEL", help="an exported model, a run's folder, or a name on the hub")
    parser.add_argument("--port", metavar="N", type=int, default=7860, help="the port to listen on; 0 takes a free one")
    parser.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="0.0.0.0 lets in everybody who can reach this machine"
    )
    parser.add_argument("--max-megabytes", metavar="N", type=float, default=50.0, help="the largest file that is taken")
    parser.add_argument("--max-minutes", metavar="N", type=float, default=10.0, help="the longest recording")
    parser.add_argument(
        "--adapt-to",
        metavar="PATH",
        action="append",
        default=[],
        help="unlabelled recordings of the same microphone, for a model trained with --target-statistics",
    )
    parser.add_argument("--device", metavar="D", default="auto", help="where to compute: auto, cpu, cuda, mps")


def main(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    from xser.demo.hearing import Limits
    from xser.demo.server import serve

    limits = Limits(options.max_megabytes, options.max_minutes)
    serve(options.model, options.host, options.port, limits, options.device, tuple(options.adapt_to))
