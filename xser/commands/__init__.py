"""The command line: one short file a subcommand."""

STAGES = ("prepare", "manifests", "train", "evaluate")  # of `xser run`; each is a word for that stage alone

COMMANDS = {  # name: what it does
    "run": "prepare, train and evaluate: within one corpus, or on a language that training never hears",
    "grid": "every task of a grid with every system and every seed, here or on SLURM",
    "export": "make a folder of a trained run that anybody can use",
    "predict": "the emotion of recordings, by a trained model",
    "serve": "a page in a browser: speak, and see what a model hears",
    "features": "embeddings of recordings by a pretrained encoder, for your own classifier",
    "report": "tables, pictures and a page from finished runs",
    "audit": "what would fool a model: in recordings, labels, splits, and between corpora",
    "labels": "what a scheme makes of the corpora's labels",
    "new-recipe": "write a recipe for a folder of recordings",
    "completion": "print a completion script for bash, zsh or tcsh",
}
