#!/usr/bin/env python3
"""What a training step costs, against a plain PyTorch + transformers loop of the same encoder, batch and losses.

    python tests/benchmarks/training_cost.py --data-root ~/corpora
    python tests/benchmarks/training_cost.py --quick

Prints the ratios of docs/research/cost.md side by side, all from this one run: ours and the plain loop take turns, each
in a process of its own. Without --data-root the made-up recordings of egs_data/ are used, whose durations are between
0.9 and 1.4 s in every language: they show that the command runs, not what is saved.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(CHECKOUT)]

from cost_material import material, material_options, quoted_command  # noqa: E402
from cost_table import described_machine, ratios, write_between, written_table  # noqa: E402
from measuring import Worker  # noqa: E402

from xser.commands.command_line import OneLineParser, run  # noqa: E402
from xser.core.files import write_json  # noqa: E402


def parser():
    options = OneLineParser(prog="training_cost.py", description=__doc__)
    what = options.add_argument_group("what is measured")
    material_options(what)
    what.add_argument("--encoder", metavar="DIR", help="a wav2vec 2.0 in Hugging Face's format (default: random base)")
    what.add_argument("--utterances", metavar="N", type=int, default=16, help="of each language and emotion (16)")
    what.add_argument("--quick", action="store_true", help="a tiny encoder, one round: does the command run?")
    how = options.add_argument_group("how")
    how.add_argument("--threads", metavar="N", type=int, default=len(os.sched_getaffinity(0)), help="of every process")
    how.add_argument("--rounds", metavar="N", type=int, default=4, help="times that both sides take turns (4)")
    how.add_argument("--output", metavar="FILE", help="write everything that was measured, as JSON")
    how.add_argument("--page", metavar="FILE", help="write the table between the marks of this Markdown page")
    return options


def main(argv):
    """Measure, print, write."""
    options = parser().parse_args(argv)
    if options.quick:
        options.rounds, options.utterances = 1, min(options.utterances, 4)
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(options.work_dir or temporary).expanduser().resolve()
        encoder = options.encoder or made_encoder(work, options.quick)
        rows, valid, said = material(options, work, options.utterances)
        found = {
            "command": quoted_command("training_cost.py", argv),
            "machine": described_machine(options.threads),
            "material": said,
            "encoder": Path(encoder).name,
            "peft": measure_peft(options, encoder, rows, valid, work),
            "plain_frozen_switch": measure_frozen_switch(options, encoder, rows),
            "compact": measure_overhead(options, encoder, rows, valid, work),
            "frozen": measure_frozen(options, encoder, rows, valid, work),
        }
    found["ratios"] = ratios(found)
    print(written_table(found))
    if options.output:
        write_json(Path(options.output), found)
    if options.page:
        write_between(Path(options.page), "training_cost.py", written_table(found))


def made_encoder(work, quick):
    """A wav2vec 2.0 with random weights: of base size, or tiny."""
    folder = work / ("tiny-wav2vec2-group" if quick else "random-wav2vec2-base")
    if not (folder / "model.safetensors").is_file():
        size = [] if quick else ["--full-size"]
        command = [sys.executable, CHECKOUT / "tools" / "make_tiny_encoder.py", "wav2vec2-group", folder, *size]
        subprocess.run(command, check=True)
    return folder


def ours(options, encoder, rows, valid, work, finetuning):
    return Worker("our_loop.py", rows, valid, encoder, options.threads, finetuning, work)


def measure_peft(options, encoder, rows, valid, work):
    """Ours and the plain loop in turn, both with LoRA and adapters; ours against a bare step as well."""
    with (
        ours(options, encoder, rows, valid, work, "peft") as mine,
        Worker("plain_loop.py", rows, encoder, options.threads) as plain,
    ):
        mine.warm_up(bare=True)
        plain.warm_up()
        for _ in range(options.rounds):
            mine.measure(2)
            mine.measure_bare()
            plain.measure(1)
    return {"ours": mine.found, "plain": plain.found}


def measure_frozen_switch(options, encoder, rows):
    """The plain loop with transformers' own switch against gradients through the convolutions."""
    with Worker("plain_loop.py", rows, encoder, options.threads, "freeze_feature_encoder") as plain:
        plain.warm_up()
        plain.measure(max(1, options.rounds // 2))
    return plain.found


def measure_overhead(options, encoder, rows, valid, work):
    """Our step against a bare one where a step is short: the compact encoder."""
    with ours(options, encoder, rows, valid, work, "compact") as mine:
        mine.warm_up(bare=True)
        for _ in range(2 * options.rounds):
            mine.measure(6)
            mine.measure_bare()
    return mine.found


def measure_frozen(options, encoder, rows, valid, work):
    """Epochs of a small head on kept features, and what computing the features took."""
    with ours(options, encoder, rows, valid, work, "frozen") as mine:
        mine.warm_up()
        mine.measure(12 * options.rounds)
    return mine.found


if __name__ == "__main__":
    run(lambda: main(sys.argv[1:]))
