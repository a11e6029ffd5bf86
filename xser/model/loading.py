"""Load a trained model: an exported one, a run's folder, or a name on the Hugging Face hub."""

from pathlib import Path

import numpy as np

from xser.core.digests import refuse_changed
from xser.core.errors import XserError
from xser.core.records import read_record
from xser.core.run_records import TRAIN_AGAIN, TRAINED, TrainedRecord
from xser.model.encoders.encoder_source import EncoderSource
from xser.model.exported import EncoderRecord, Member, MemberRecord, ModelConfig, is_exported, read_config, read_model
from xser.model.recognition import Model

HYPERPARAMETERS, VALIDATION = "hyperparameters.yaml", "validation.csv"


def load(model: str | Path, device: str = "auto") -> Model:
    """Load a trained model.

    Parameters
    ----------
    model
        The folder of an exported model, the folder of a trained run, or a name on the Hugging Face hub such as
        ``somebody/model`` or ``somebody/model@revision``, which is downloaded once.
    device
        As in ``--device``.

    Raises
    ------
    XserError
        When it is none of these, or damaged.

    Examples
    --------
    >>> load("no/such/folder")
    Traceback (most recent call last):
    ...
    xser.core.errors.XserError: no model no/such/folder: give an exported model, a run's folder or a name on the hub
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        folder = _from_hub(str(model))
    if (folder / HYPERPARAMETERS).is_file() and not is_exported(folder):
        return Model(*of_run(folder), device)
    return Model(*read_model(folder), device)


def of_run(folder: Path, included: bool = True) -> tuple[ModelConfig, list[Member]]:
    """The best checkpoint of a run as a model.

    Parameters
    ----------
    folder
        The run's folder. Nothing is written there.
    included
        Whether the model, once written, is to hold its pretrained encoder.

    Raises
    ------
    XserError
        When the run is not trained, its encoder is not there or is another, or a part of it is not xser's.
    """
    import xser
    from xser.model.network_description import describe_trained
    from xser.model.prediction import find_encoder_of
    from xser.model.target_statistics import load_reference
    from xser.model.trained_network import build, recover

    trained = read_record(folder / TRAINED, TrainedRecord, "give the folder of a trained run (below exp/runs)")
    refuse_changed(folder, trained.trained_files, TRAIN_AGAIN)
    file = folder / HYPERPARAMETERS
    described = describe_trained(file.read_text(encoding="utf-8"), file)
    encoder = find_encoder_of(described, {})
    if encoder is not None and trained.encoder_identity not in (None, encoder.fingerprint):
        raise XserError(f"{described.encoder_source} is not the encoder that {folder} was trained on: give it back")
    record = MemberRecord(
        network=described.network,
        encoder=None if encoder is None else _encoder_record(trained, encoder, included),
        target_statistics=described.target_statistics,
        system=trained.system,
        seed=trained.seed,
        sources=trained.sources,
    )
    network = recover(build(described.network, described.number_of_emotions, encoder), folder)
    reference = load_reference(folder) if described.target_statistics != "none" else None
    config = ModelConfig(
        format="xser",
        format_version=1,
        xser_version=xser.__version__,
        scheme=trained.scheme,
        emotions=trained.emotions,
        sampling_rate=16000,
        temperature=_temperature(folder, trained),
        members=(record,),
    )
    return config, [Member(record, network, reference)]


def _temperature(folder: Path, trained: TrainedRecord) -> float:
    """That of a run; older ones do not record it but keep what it is fitted on. 1 where there is neither."""
    file = folder / VALIDATION
    if trained.calibration is not None:
        return trained.calibration.temperature
    if not file.is_file():
        return 1.0
    import pandas as pd

    from xser.core.temperature import fit_temperature

    try:
        rows = pd.read_csv(file, dtype={"language": str, "emotion": str}, keep_default_na=False)
        scores = rows[[f"score_{emotion}" for emotion in trained.emotions]].to_numpy(dtype=float)
        reference = pd.Index(trained.emotions).get_indexer(rows["emotion"])
        if (reference < 0).any() or not (scores >= 0).all() or len(rows) == 0:
            raise ValueError("other emotions, or scores that cannot be")
    except (ValueError, KeyError) as error:  # pandas' parser errors are ValueErrors
        raise XserError(f"{file} is damaged: delete {TRAINED} beside it and run stage 2 (train) again") from error
    with np.errstate(divide="ignore"):  # a score of 0
        return fit_temperature(np.log(scores), reference, rows["language"].to_numpy(dtype=str))


def _encoder_record(trained: TrainedRecord, encoder: EncoderSource, included: bool) -> EncoderRecord:
    source = str(trained.encoder_source)
    return EncoderRecord(
        name=trained.encoder,
        source=Path(source).name if Path(source).is_absolute() and included else source,
        revision=trained.encoder_revision,
        identity=encoder.fingerprint,
        config=dict(encoder.config),
        extractor=dict(encoder.extractor),
        included=included,
    )


def _from_hub(name: str) -> Path:
    from xser.model.encoders.hub import HUB_NAME, hub_folder

    repository, _, revision = name.partition("@")
    if not HUB_NAME.fullmatch(repository):
        raise XserError(f"no model {name}: give an exported model, a run's folder or a name on the hub")
    return hub_folder(repository, revision or None, _refuse_strangers)


def _refuse_strangers(folder: Path) -> None:
    """Before the weights of a model of the hub are fetched: it must be one of ours."""
    read_config(folder)
