"""What a careful loop of today does, in PyTorch and transformers alone: the other side of the benchmark.

transformers' AutoModel, frozen, with LoRA on the attention projections and a bottleneck adapter after every
feed-forward block; batches of languages x emotions x utterances, padded to the longest, with an attention mask where
the model takes one; the mean over the real frames; cross-entropy, language-aware SupCon and a speaker adversary; AdamW.
LayerDrop and SpecAugment are off, so that both sides compute the same function.

    python plain_loop.py ROWS.csv ENCODER THREADS [freeze_feature_encoder]

Answers ``steps N`` with what each step took.
"""

import random
import sys
from pathlib import Path

import soundfile
import torch
from torch import nn
from torch.nn.functional import cross_entropy, gelu, normalize
from transformers import AutoFeatureExtractor, AutoModel

sys.path.insert(0, str(Path(__file__).resolve().parent))  # PYTHONSAFEPATH leaves the script's own folder out
from worker import EMOTIONS, answer, clocks, commands, peak_memory, read_rows, since  # noqa: E402

IMPORTED = peak_memory()
RATE, CROP = 16000, 4 * 16000
LORA_RANK, LORA_ALPHA, ADAPTER_SIZE = 8, 16.0, 32
TEMPERATURE, CROSS_LANGUAGE_WEIGHT, SPEAKER_WEIGHT, REVERSAL = 0.07, 2.5, 0.3, 0.5


class LoRA(nn.Module):
    def __init__(self, linear):
        super().__init__()
        self.linear, self.gate = linear, nn.Parameter(torch.ones(()))
        self.down = nn.Linear(linear.in_features, LORA_RANK, bias=False)
        self.up = nn.Linear(LORA_RANK, linear.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, frames):
        return self.linear(frames) + self.gate * LORA_ALPHA / LORA_RANK * self.up(self.down(frames))


class Adapter(nn.Module):
    def __init__(self, linear):
        super().__init__()
        self.linear, self.gate = linear, nn.Parameter(torch.ones(()))
        self.down = nn.Linear(linear.out_features, ADAPTER_SIZE)
        self.up = nn.Linear(ADAPTER_SIZE, linear.out_features)
        nn.init.zeros_(self.up.weight)

    def forward(self, frames):
        frames = self.linear(frames)
        return frames + self.gate * self.up(gelu(self.down(frames)))


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(context, values):
        return values.view_as(values)

    @staticmethod
    def backward(context, gradient):
        return -REVERSAL * gradient


def supcon(embeddings, emotions, languages):
    embeddings = normalize(embeddings, dim=1)
    itself = torch.eye(len(embeddings), dtype=torch.bool)
    similarity = (embeddings @ embeddings.T / TEMPERATURE).masked_fill(itself, -torch.inf)
    logs = similarity.log_softmax(dim=1)
    weights = torch.where(languages[:, None] != languages, CROSS_LANGUAGE_WEIGHT, 1.0)
    weights = weights * ((emotions[:, None] == emotions) & ~itself)
    return -(weights * logs.masked_fill(itself, 0.0)).sum(dim=1).div(weights.sum(dim=1)).mean()


class PlainLoop:
    """The model, its optimiser, and the recordings in memory."""

    def __init__(self, rows, encoder, freeze_feature_encoder=False, seed=0):
        torch.manual_seed(seed)
        self.chance = random.Random(seed)
        self.rows = rows
        self.waveforms = [soundfile.read(path, dtype="float32")[0] for path in rows["audio"]]
        self.languages, self.speakers = (sorted(set(rows[name])) for name in ("language", "speaker"))
        self.extractor = AutoFeatureExtractor.from_pretrained(encoder)
        self.encoder = AutoModel.from_pretrained(encoder, layerdrop=0.0, apply_spec_augment=False)
        self.encoder.requires_grad_(False)
        if freeze_feature_encoder:
            self.encoder.freeze_feature_encoder()
        for layer in self.encoder.encoder.layers:
            for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                setattr(layer.attention, name, LoRA(getattr(layer.attention, name)))
            layer.feed_forward.output_dense = Adapter(layer.feed_forward.output_dense)
        size = self.encoder.config.hidden_size
        self.emotion_head = nn.Linear(size, len(EMOTIONS))
        hidden, last = nn.Linear(size, 256), nn.Linear(256, len(self.speakers))
        self.adversary = nn.Sequential(hidden, nn.ReLU(), nn.Dropout(0.2), last)
        self.modules = nn.ModuleList([self.encoder, self.emotion_head, self.adversary]).train()
        self.learning = [each for each in self.modules.parameters() if each.requires_grad]
        self.optimizer = torch.optim.AdamW(self.learning, lr=5e-4, weight_decay=0.01)

    def draw(self, languages=3, utterances=3):
        """Positions of a batch's rows: so many of each language and emotion."""
        cells = self.rows.groupby(["language", "emotion"]).indices
        chosen = self.chance.sample(self.languages, min(languages, len(self.languages)))
        cells = [cells[language, emotion].tolist() for language in chosen for emotion in EMOTIONS]
        return [index for cell in cells for index in self.chance.sample(cell, utterances)]

    def load(self, indices):
        """Padded batch of waveforms, cut to 4 s, and the samples of each."""
        cut = []
        for index in indices:
            start = self.chance.randint(0, max(0, len(self.waveforms[index]) - CROP))
            cut.append(self.waveforms[index][start : start + CROP])
        inputs = self.extractor(cut, sampling_rate=RATE, padding=True, return_tensors="pt", return_attention_mask=True)
        if getattr(self.encoder.config, "feat_extract_norm", "") == "group":  # these models know no mask
            del inputs["attention_mask"]
        return inputs, torch.tensor([len(samples) for samples in cut])

    def step(self, inputs, lengths, indices):
        """One step of the optimiser."""
        frames = self.encoder(**inputs).last_hidden_state
        real = torch.arange(frames.shape[1]) < self.encoder._get_feat_extract_output_lengths(lengths)[:, None]
        embeddings = (frames * real[..., None]).sum(dim=1) / real.sum(dim=1, keepdim=True)
        rows = self.rows.iloc[indices]
        emotions = torch.tensor([EMOTIONS.index(each) for each in rows["emotion"]])
        languages = torch.tensor([self.languages.index(each) for each in rows["language"]])
        speakers = torch.tensor([self.speakers.index(each) for each in rows["speaker"]])
        loss = cross_entropy(self.emotion_head(embeddings), emotions) + supcon(embeddings, emotions, languages)
        loss = loss + SPEAKER_WEIGHT * cross_entropy(self.adversary(Reverse.apply(embeddings)), speakers)
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.learning, 5.0)
        self.optimizer.step()
        return loss.item()

    def measured_step(self):
        """Draw, load and learn; say what it took and what the model saw."""
        start = clocks()
        indices = self.draw()
        inputs, lengths = self.load(indices)
        self.step(inputs, lengths, indices)
        seen = {"useful": lengths.sum().item() / RATE, "padded": len(lengths) * lengths.max().item() / RATE}
        return since(start) | seen | {"available": sum(len(self.waveforms[index]) for index in indices) / RATE}


def main(rows, encoder, threads, *options):
    torch.set_num_threads(int(threads))
    loop = PlainLoop(read_rows(rows), encoder, "freeze_feature_encoder" in options)
    answer({"imported": IMPORTED, "learning": sum(each.numel() for each in loop.learning)})
    for _, number in commands():
        steps = [loop.measured_step() for _ in range(int(number))]
        answer({"steps": steps, "peak_memory": peak_memory()})


if __name__ == "__main__":
    main(*sys.argv[1:])
