"""The card of an exported model: README.md with the header that the Hugging Face hub reads.

Everything in it is from the records and predictions of the runs that the model is made of.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from xser.core.document import NOTHING, Block, Code, Heading, Items, Paragraph, Table, to_markdown
from xser.core.files import megabytes
from xser.core.run_records import Calibration, RunRecord, UsedCorpus
from xser.corpora.description.languages import is_language, language_name
from xser.corpora.description.licences import licence_of_encoder, licences_named, strictest
from xser.evidence.figures.pooled import regime
from xser.evidence.pages.material import PART_TITLES
from xser.evidence.pages.model_card import evaluation_table, figures_by_part, sureness_blocks
from xser.evidence.pages.wording import bounds, number
from xser.experiments.catalogue import catalogue_of
from xser.experiments.finished import Finished
from xser.experiments.hyperparameters import read_nodes
from xser.experiments.run_description import about_corpus
from xser.model.encoders.hub import HUB_NAME
from xser.model.exported import EncoderRecord, ModelConfig

CARD = "README.md"
SOUND = 4  # seconds
METHOD = (
    "Mi, Ma and Toda: Learning Emotion-discriminative Representations for Zero-Shot Cross-lingual Speech Emotion "
    "Recognition. arXiv:2606.06200, 2026."
)
NOT_FOR = (
    "In the European Union, Art. 5(1)(f) of the AI Act (Regulation (EU) 2024/1689) forbids AI systems that infer the "
    "emotions of people at work and in education, but for medical or safety reasons.",
    "It learned mostly from speech that actors or speakers of read sentences put on, or that was cut from broadcasts. "
    "What people feel when nobody asks them to show it is another matter, and a voice never proves a feeling.",
    "Do not decide on a person by it: on work, school, credit, health, insurance or the law.",
    "The licences below bind whoever uses the model or passes it on.",
)


@dataclass(frozen=True, eq=False)
class Card:
    """What a card is written from.

    Attributes
    ----------
    name
        Of the model: a folder, or as on the hub.
    size
        Bytes of the folder.
    calibration, predictions
        Of the whole model; None where they cannot be known.
    seconds
        What an ensemble takes for `SOUND` seconds of sound; None of a single network.
    more_use
        Blocks for other ways to use it.
    """

    name: str
    config: ModelConfig
    runs: Sequence[Finished]
    size: int
    calibration: Calibration | None
    predictions: pd.DataFrame | None
    seconds: float | None = None
    more_use: Sequence[Block] = ()

    @property
    def corpora(self) -> dict[str, UsedCorpus]:
        """All that the model learned from or was selected by."""
        return {name: each for run in self.runs for name, each in _corpora_of(run).items()}

    @property
    def encoders(self) -> list[EncoderRecord]:
        """The pretrained encoders, each once."""
        found = {each.encoder.identity: each.encoder for each in self.config.members if each.encoder}
        return list(found.values())

    @property
    def made_up(self) -> bool:
        """Whether recordings were made up."""
        return any(run.record.made_up for run in self.runs)

    @property
    def target(self) -> str:
        """The title of what it was evaluated on."""
        record = self.runs[0].record
        about = record.corpora.get(record.target) or _of_recipe(record.target)
        return about.title if about else record.target

    @property
    def licences(self) -> dict[str, tuple[str, str]]:
        """Licence and a note on it, by what it is of."""
        of_corpora = {each.title: (each.licence, each.licence_note) for each in self.corpora.values()}
        return of_corpora | {f"encoder {each.name}": (encoder_licence(each), "") for each in self.encoders}


def write_card(card: Card, path: Path) -> None:
    """Write README.md."""
    path.write_text(card_text(card), encoding="utf-8")


def card_text(card: Card) -> str:
    """The card as Markdown, below the hub's header."""
    header = yaml.safe_dump(_header(card), sort_keys=False, allow_unicode=True, width=120)
    blocks = [*_opening(card), *_use(card), *_evaluation(card), *_training(card), *_licences(card), *_ending(card)]
    return f"---\n{header}---\n\n{to_markdown(blocks)}"


def encoder_licence(encoder: EncoderRecord) -> str:
    """What its publishers say, by its name on the hub or that of the recipe it is called by."""
    catalogue = catalogue_of(None)
    source = encoder.source
    if encoder.name in catalogue.names("hparams", "encoders"):
        node = read_nodes(catalogue.find("hparams", "encoders", f"{encoder.name}.yaml")).get("encoder_source")
        source = str(node.value) if node is not None else source
    return licence_of_encoder(source)


def _header(card: Card) -> dict[str, Any]:
    licences = [each for text, _ in card.licences.values() for each in licences_named(text)]
    strict = strictest(licences) if licences else None
    if strict is None or not strict.is_known:
        licence = {"license": "unknown"}
    elif strict.hub:
        licence = {"license": strict.hub}
    else:
        licence = {"license": "other", "license_name": strict.name.lower().replace(" ", "-")}
    languages = sorted({code for each in card.corpora.values() for code in each.languages})
    results = _results(card)
    bases = [each.source for each in card.encoders if HUB_NAME.fullmatch(each.source)]
    return {
        "language": languages,
        **licence,
        "library_name": "xser",
        "pipeline_tag": "audio-classification",
        "datasets": list(card.corpora),
        **({"base_model": bases} if bases else {}),
        "tags": ["xser", "speech-emotion-recognition", "cross-lingual", *card.config.emotions],
        **({"model-index": [{"name": card.name, "results": results}]} if results else {}),
    }


def _results(card: Card) -> list[dict[str, Any]]:
    if card.predictions is None:
        return []
    record, found = card.runs[0].record, []
    made_up = ", made-up recordings" if record.made_up else ""
    for part, of_part in figures_by_part(card.predictions, card.config.emotions, record.target).items():
        low, high = (round(100 * end, 1) for end in of_part.interval)
        name = f"UAR % ({PART_TITLES[part]}{made_up}; 95 % interval over utterances {bounds(low, high)})"
        metrics = [{"type": "uar", "value": round(100 * of_part.scores.uar, 1), "name": name}]
        found.append(
            {
                "task": {"type": "audio-classification", "name": "Speech emotion recognition"},
                "dataset": {"name": card.target, "type": record.target, "split": part},
                "metrics": metrics,
            }
        )
    return found


def _opening(card: Card) -> list[Block]:
    told, record = card.corpora, card.runs[0].record
    languages = ", ".join(sorted({_spoken(code) for each in told.values() for code in each.languages}))
    several = f" An ensemble of {len(card.runs)} networks." if len(card.runs) > 1 else ""
    known = ", ".join(card.config.emotions)
    blocks: list[Block] = [
        Heading(card.name, 1),
        Paragraph(
            f"Tells {known} apart in speech. Trained on {languages or 'languages that are not recorded'} "
            f"({', '.join(each.title for each in told.values()) or ', '.join(record.sources)}) with xser "
            f"{card.config.xser_version}.{several}"
        ),
    ]
    if card.made_up:
        line = "Made-up recordings stood in for those of the corpora: this model knows nothing about real speech."
        blocks.append(Paragraph(f"**{line}**", warning=True))
    return blocks


def _use(card: Card) -> list[Block]:
    needs = [each for each in card.config.members if each.target_statistics != "none"]
    adapt = '.adapt_to(["other.wav", "recordings.wav"])' if needs else ""
    more = " --adapt-to FOLDER" if needs else ""
    python = f'import xser\n\nmodel = xser.load("{card.name}"){adapt}\nprint(model.predict("my.wav"))'
    blocks: list[Block] = [
        Heading("Use it"),
        Paragraph("`pip install xser-toolkit`. In Python and in the shell:"),
        Code(python),
        Code(f"xser predict {card.name} my.wav{more}"),
    ]
    if needs:
        line = "It needs unlabelled recordings of the same speakers or microphone together, whose statistics it takes."
        blocks.append(Paragraph(line))
    return [*blocks, *card.more_use, Heading("What it must not be used for"), Items(NOT_FOR)]


def _evaluation(card: Card) -> list[Block]:
    blocks: list[Block] = [Heading("Evaluation")]
    record = card.runs[0].record
    if card.predictions is None and all(run.predictions is None for run in card.runs):
        blocks.append(Paragraph("It was never evaluated: how well it does is not known.", warning=True))
    elif card.predictions is None:
        line = (
            "Its networks were evaluated on different recordings, or not all of them: there is no figure of the whole."
        )
        blocks.append(Paragraph(line, warning=True))
    else:
        heard = (
            "a language that it never heard" if record.kind == "zero_shot" else "speakers of the corpus it learned from"
        )
        fold = f" This is fold {record.fold} of {record.split}: figures of one fold vary much." if record.fold else ""
        blocks += [
            Paragraph(
                f"On {card.target}, {heard}. UAR (mean recall over the emotions that occur), macro-F1 and recalls in "
                f"%; 95 % intervals by percentile bootstrap.{fold}"
            ),
            evaluation_table(
                figures_by_part(card.predictions, card.config.emotions, record.target), card.config.emotions
            ),
        ]
    allowed = list(dict.fromkeys(_allowed(card)))
    if allowed:
        blocks += [Paragraph("Severe findings of the audit that were allowed:"), Items(allowed)]
    blocks += [Heading("How sure it is")]
    return blocks + sureness_blocks(card.calibration, card.config.temperature, card.predictions, card.target)


def _allowed(card: Card) -> list[str]:
    return [line for run in card.runs if isinstance(run.record, RunRecord) for line in run.record.allowed]


def _training(card: Card) -> list[Block]:
    header = ["system", "seed", "learned from", "encoder", "target's recordings", "split", "validation UAR %"]
    rows = []
    for run in card.runs:
        record = run.record
        split = f"{record.split} (seed {record.split_seed})" + (f", fold {record.fold}" if record.fold else "")
        by = ", ".join(f"{name} {number(100 * uar)}" for name, uar in record.validation.items())
        encoder = " ".join(filter(None, [record.encoder, record.finetuning]))
        told = [record.source or ", ".join(_corpora_of(run)), encoder, regime(record.regime), split, by]
        rows.append([record.system, str(record.seed), *told])
    lines = list(dict.fromkeys(line for run in card.runs for line in run.record.left_out))
    if not all(run.record.complete for run in card.runs):
        lines.append("Some corpora were incomplete.")
    blind = (
        "`blind` means that nothing of the target was looked at, `unlabelled` that its recordings were, without labels."
    )
    return [
        Heading("Training"),
        Paragraph(
            f"Checkpoints were selected by the mean UAR over the validation parts of what it learned from. {blind}"
        ),
        Table(header, rows, align="lrlllll"),
        *([Items(lines)] if lines else []),
    ]


def _licences(card: Card) -> list[Block]:
    licences = [each for text, _ in card.licences.values() for each in licences_named(text)]
    if not licences:
        return [Heading("Licences"), Paragraph("Not known: the run does not tell what it learned from.", warning=True)]
    strict = strictest(licences)
    rows = [[what, text, note or NOTHING] for what, (text, note) in card.licences.items()]
    told = f"The strictest of them: **{strict.name}** ({strict.why})."
    if not strict.is_known:
        known = [each for each in licences if each.is_known]
        more = f" Of those that are known: {strictest(known).name} ({strictest(known).why})." if known else ""
        told = f"**A licence is not known** ({strict.name}: {strict.why}).{more}"
    line = f"{told} Where publishers disagree, all that they say is listed, and the stricter counts."
    return [Heading("Licences"), Table(["of", "licence", "note"], rows, align="lll"), Paragraph(line)]


def _ending(card: Card) -> list[Block]:
    records = [run.record for run in card.runs]
    size = f"{megabytes(card.size)}."
    parameters = sum(record.parameters or 0 for record in records)
    size += f" {parameters / 1e6:.1f} million parameters learned." if parameters else ""
    if card.seconds is not None:
        size += f" All networks together took {card.seconds:.2f} s for {SOUND} s of sound where it was exported."
    versions = {f"{name} {version}" for record in records for name, version in record.versions.items()}
    commands = list(dict.fromkeys(_without_folders(record.command) for record in records))
    citations = [each.citation for each in card.corpora.values() if each.citation]
    encoders = [f"Encoder: https://huggingface.co/{each.source}" for each in card.encoders if _on_hub(each)]
    return [
        Heading("Size"),
        Paragraph(size),
        Heading("How it was made"),
        Code("\n".join(commands)),
        Paragraph(f"Versions: {', '.join(sorted(versions)) or 'not recorded'}."),
        Heading("Cite"),
        Items([METHOD, *dict.fromkeys([*citations, *encoders])]),
    ]


def _without_folders(command: str) -> str:
    """A command without the folders of the machine that it was typed on: they are nobody's business."""
    words = (word.rpartition("=") for word in shlex.split(command))
    return shlex.join(
        f"{key}{sign}.../{Path(end).name}" if end[:1] in "/~" and end else key + sign + end for key, sign, end in words
    )


def _on_hub(encoder: EncoderRecord) -> bool:
    return HUB_NAME.fullmatch(encoder.source) is not None


def _corpora_of(run: Finished) -> dict[str, UsedCorpus]:
    """What a run learned from or was selected by, as it recorded them or, an older one, as the recipes know them."""
    record, found = run.record, {}
    for name in record.fingerprints or record.sources:
        about = record.corpora.get(name) or _of_recipe(name)
        found[name] = about or UsedCorpus(title=name, languages=(), licence="not known")
    return found


def _of_recipe(name: str) -> UsedCorpus | None:
    corpus_id, _, language = name.partition(":")
    catalogue = catalogue_of(None)
    if corpus_id not in catalogue.corpus_ids:
        return None
    corpus = catalogue.corpus(corpus_id)
    return about_corpus(corpus, (language,) if language else corpus.languages)


def _spoken(code: str) -> str:
    return language_name(code) if is_language(code) else code
