"""Make a folder of a trained run that anybody can use, with its weights and the pretrained encoder in it.

xser export exp/runs/TASK/SETTINGS/proposed/seed0-1a2b3c4d --output my_model
xser export exp/runs/TASK/SETTINGS/proposed/seed* --output ensemble
xser export RUN --output my_model --without-encoder
xser export RUN --output my_model --onnx --int8
xser export RUN --output for_transformers --format transformers
xser export RUN --output my_model --push USER/NAME
xser export RUN --output my_model --space
"""

import argparse
from pathlib import Path

from xser.core.files import megabytes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``xser export``."""
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a trained run's folder, below exp/runs; several make an ensemble"
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="the folder to write")
    parser.add_argument(
        "--without-encoder",
        action="store_true",
        help="leave the pretrained encoder out and name it: a small folder, which needs that very encoder",
    )
    parser.add_argument(
        "--format",
        choices=("xser", "transformers"),
        default="xser",
        help="transformers: a folder for its pipeline, where it knows such a network",
    )
    parser.add_argument(
        "--onnx",
        action="store_true",
        help="add one ONNX graph from waveform to probabilities, and a script that uses it",
    )
    parser.add_argument("--int8", action="store_true", help="with --onnx: add a smaller graph, less exact")
    parser.add_argument("--overwrite", action="store_true", help="replace a model that is there")
    parser.add_argument(
        "--push", metavar="USER/NAME", help="upload it to the Hugging Face hub too; a new repository is private"
    )
    parser.add_argument(
        "--space", action="store_true", help="add a folder `space`: what a Hugging Face Space needs to show xser serve"
    )


def main(options: argparse.Namespace) -> None:
    """Write the folder; say how large it is and how it is used."""
    from xser.experiments.export import Export, export, find_runs
    from xser.experiments.push import check_name, push

    if options.push:
        check_name(options.push)
    asked = Export(
        find_runs(options.runs),
        Path(options.output),
        with_encoder=not options.without_encoder,
        overwrite=options.overwrite,
        name=options.push or "",
        layout=options.format,
        onnx=options.onnx,
        int8=options.int8,
        space=options.space,
    )
    config = export(asked)
    size = sum(each.stat().st_size for each in Path(options.output).rglob("*") if each.is_file())
    several = f", an ensemble of {len(config.members)}" if len(config.members) > 1 else ""
    print(f"written: {options.output} ({megabytes(size)}{several}): {', '.join(config.emotions)}")
    if options.format == "transformers":
        print(f'use it: transformers.pipeline("audio-classification", "{options.output}")("my.wav")')
        return
    print(f"use it: xser predict {options.output} my.wav")
    if options.onnx:
        print(f"without xser: python {options.output}/use_onnx.py my.wav")
    if options.space:
        print(f"a page on the hub: {options.output}/space/README.md says how it is uploaded")
    if options.push:
        url, commit = push(Path(options.output), options.push)
        print(f"uploaded: {url}, where its owner says who may see it")
        print(f"use it anywhere: xser predict {options.push}@{commit} my.wav")
