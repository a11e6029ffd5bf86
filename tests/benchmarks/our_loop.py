"""xser's own training, with a watch between the loader and the Brain: one side of the benchmark.

    python our_loop.py ROWS.csv VALID.csv ENCODER THREADS FINETUNING WORK

Runs `xser.model.training.train_run` as stage 2 does. Answers ``steps N`` with what each of the next N
steps took - sampler, loader and all that the Brain does - and ``bare`` with what the same modules took for the same
batches in a loop that has nothing else.
"""

import functools
import sys
from pathlib import Path

import pandas as pd
import torch

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
HPARAMS = CHECKOUT / "recipes" / "hparams"
sys.path[:0] = [str(HERE), str(CHECKOUT)]  # PYTHONSAFEPATH leaves the script's own folder out

from worker import EMOTIONS, answer, clocks, commands, peak_memory, read_rows, since  # noqa: E402

import xser.model  # noqa: E402, F401  (before speechbrain: quietens its log)
from xser.experiments.hyperparameters import resolve  # noqa: E402
from xser.model import training  # noqa: E402
from xser.model.adversary import masked_cross_entropy  # noqa: E402
from xser.model.batches import frames_of, training_batches  # noqa: E402
from xser.model.features import frames_per_second  # noqa: E402

IMPORTED = peak_memory()


class Done(BaseException):
    """The other side has closed."""


class WatchedLoader(torch.utils.data.DataLoader):
    """The training's own loader; times how long the Brain waits for a batch and how long it then learns from it.

    It stops before a step until one is asked for. In between nothing is in the way: a batch is loaded while the one
    before is learned from, as always.
    """

    def __init__(self, dataset, sampler, seconds):
        self.loader = training_batches(dataset, sampler)
        self.of_epoch, self.seconds = sampler, seconds
        self.asked, self.waiting, self.steps, self.batches = commands(), 0, [], []

    def __len__(self):
        return len(self.loader)

    def __iter__(self):
        indices = iter([[draw.index for draw in batch] for batch in self.of_epoch])
        batches = iter(self.loader)
        while True:
            start = clocks()
            batch = next(batches, None)
            waited = since(start)
            if batch is None:
                return
            self.wait_for_command()
            start = clocks()
            yield batch
            learned = since(start)
            self.note(batch, waited, learned, sum(self.seconds[index] for index in next(indices)))

    def wait_for_command(self):
        while self.waiting == 0:
            command = next(self.asked, None)
            if command is None:
                raise Done
            if command[0] == "bare":
                answer({"bare": [self.bare(batch) for batch in self.batches]})
            else:
                self.waiting, self.steps, self.batches = int(command[1]), [], []

    def note(self, batch, waited, learned, available):
        frames, lengths = frames_of(batch.features)
        rate = frames_per_second(self.brain.hparams.frontend)
        real, padded = int(lengths.sum()), frames.shape[0] * frames.shape[1]
        # Frames of a front end are a little fewer than its hop says: as many seconds as the recordings have.
        seen = {"useful": real / rate, "padded": padded / rate, "available": available}
        self.steps.append({key: waited[key] + learned[key] for key in waited} | seen | {"waited": waited["wall"]})
        self.batches.append(batch)
        self.waiting -= 1
        if self.waiting == 0:
            answer({"steps": self.steps, "peak_memory": peak_memory()})

    def bare(self, batch):
        """What a step costs that is nothing but modules, losses and optimiser."""
        brain = self.brain
        modules, parameters = brain.modules, [each for each in brain.modules.parameters() if each.requires_grad]
        start = clocks()
        embeddings = brain.hparams.pooling(*modules["network"](*frames_of(batch.features)))
        loss = torch.nn.functional.cross_entropy(modules["emotion_head"](embeddings), batch.emotion)
        loss = loss + brain.hparams.supcon_weight * brain.hparams.supcon(embeddings, batch.emotion, batch.language)
        speakers = modules["adversary"](embeddings, 0.5)
        loss = loss + brain.hparams.speaker_weight * masked_cross_entropy(speakers, batch.speaker)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, brain.hparams.max_grad_norm)
        self.optimizer().step()
        self.optimizer().zero_grad()
        return since(start)

    @functools.cache  # noqa: B019  (there is one loader a process)
    def optimizer(self):
        own = list(self.brain.optimizers_dict.values())
        groups = [{key: group[key] for key in ("params", "lr")} for each in own for group in each.param_groups]
        return type(own[0])(groups)


def composed(data, encoder, finetuning):
    """The hyperparameters of `proposed`, as ``--encoder wav2vec2-like --finetune F`` would give them."""
    named = {"encoder_source": str(encoder), "encoder_revision": None} if finetuning else {}
    encoder_file = f"finetuning/{finetuning}.yaml" if finetuning else "encoders/compact.yaml"
    files = [HPARAMS / name for name in ("train.yaml", encoder_file, "systems/proposed.yaml")]
    return resolve(files, {"steps": 10**6} | named).text(data.run_values(0))


def main(rows, valid, encoder, threads, finetuning, work):
    torch.set_num_threads(int(threads))
    data = training.TrainingData(read_rows(rows), read_rows(valid), EMOTIONS, frozenset())
    hyperparameters = composed(data, encoder, "" if finetuning == "compact" else finetuning)
    made = {}
    both = pd.concat([data.learning, data.selecting])
    kept = {corpus: Path(part["audio"].iloc[0]).parents[1] for corpus, part in both.groupby("corpus")}

    def watched(dataset, sampler, device):
        made["loader"] = WatchedLoader(dataset, sampler, data.learning["seconds"].tolist())
        return made["loader"]

    training.training_batches = watched
    features, fit = training.Features, training.EmotionBrain.fit

    def timed_features(part, *others):
        start = clocks()
        kept = features(part, *others)
        made["features"] = since(start) | {"utterances": len(part)}
        return kept

    def fit_and_say(brain, *others):
        made["loader"].brain = brain
        learning = sum(each.numel() for each in brain.modules.parameters() if each.requires_grad)
        answer({"imported": IMPORTED, "learning": learning, "features": made["features"]})
        return fit(brain, *others)

    training.Features, training.EmotionBrain.fit = timed_features, fit_and_say
    try:
        training.train_run(Path(work) / f"run-{finetuning}", hyperparameters, data, finetuning, "cpu", kept)
    except Done:
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
