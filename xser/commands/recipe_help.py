"""The help of a recipe's run.sh, as ``python -m xser.experiments.experiment help`` prints it."""

import argparse

from xser.commands.options import add_download_options, experiment_parser, typed_recipe
from xser.experiments.encoder_choice import describe_encoders
from xser.experiments.experiment import recipes_folder, usual_scheme
from xser.experiments.hyperparameters import describe_hyperparameters, encoder_is_pretrained, first_comment, yaml_names
from xser.protocol.tasks import one_corpus


def print_help(argv):
    """Print the help of a recipe's run.sh: stages, options, and every hyperparameter with its default."""
    options, _ = experiment_parser("run.sh").parse_known_args(argv)
    recipes = recipes_folder(options.recipes)
    kind = "within" if options.corpus else "zero_shot"
    sources = (one_corpus(options.corpus, recipes),) if options.corpus else ()
    parser = experiment_parser(" ".join(typed_recipe(options.corpus, options.corpus and sources[0].own)))
    scheme = options.scheme or usual_scheme(kind, sources, recipes)
    parser.set_defaults(sources=options.sources, target=options.target, scheme=scheme)
    for action in parser._actions:
        if action.dest == "corpus" or (options.corpus and action.dest in ("sources", "target", "task")):
            action.help = argparse.SUPPRESS  # not for the user of this recipe
    add_download_options(parser)
    control = parser.add_argument_group("stages and devices")
    control.add_argument("--stage", metavar="N", default=0, help="first stage: a number or a name")
    control.add_argument("--stop-stage", metavar="M", default=3, help="last stage")
    control.add_argument(
        "--gpus", metavar="N", default=1, help="processes of stages 2 and 3, each with a GPU where there is one"
    )
    control.add_argument("--nnodes", metavar="N", default=1, help="nodes that train together: docs/grid.md")
    control.add_argument("--node-rank", metavar="R", default=0, help="which of them this is, from 0")
    control.add_argument("--rdzv", metavar="HOST:PORT", help="where they meet: the first node and a free port of it")
    if not options.corpus:
        control.add_argument(
            "--grid", metavar="G", help="every task of a grid, every system, every seed: --grid G --help"
        )
    print(parser.format_help())
    hparams = recipes / "hparams"
    print(f"systems: {', '.join(yaml_names(hparams / 'systems'))}")
    for heading, listed in (("--encoder", describe_encoders(recipes)), ("--finetune", _finetunings(hparams))):
        print(f"\n{heading}:", *(f"  {name:<27} {text}".rstrip() for name, text in listed), sep="\n")
    files = _files_to_describe(options, hparams)
    print(f"\nhyperparameters ({', '.join(filter(None, [options.encoder, files[2]]))}; any of them as --key value):")
    for key, default, comment in describe_hyperparameters(*files):
        print(f"  --{key:<26} {default:<10} {comment}".rstrip())


def _finetunings(hparams):
    return [
        (name, first_comment(hparams / "finetuning" / f"{name}.yaml")) for name in yaml_names(hparams / "finetuning")
    ]


def _files_to_describe(options, hparams):
    """Folder, encoder's yaml and finetuning whose hyperparameters the help lists, be there such a model or not."""
    encoder = options.encoder if options.encoder in yaml_names(hparams / "encoders") else None
    pretrained = encoder is None or encoder_is_pretrained(hparams, encoder)
    return hparams, encoder, (options.finetune or "peft") if pretrained else None
