"""Features are computed once, kept whole, found again, and the same in whatever company."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file

from tests.support.made_audio import digest_of
from xser.core.errors import XserError
from xser.model.encoders import feature_store
from xser.model.encoders.extraction import FeaturesInMemory
from xser.model.encoders.feature_store import FeatureStore
from xser.model.encoders.log_mel import LogMel
from xser.model.encoders.recordings import Recordings


class Counting(torch.nn.Module):
    """A front end that counts its calls, and stops at an utterance of a given length as a kill would."""

    def __init__(self, identity="counting", stop_at=None):
        super().__init__()
        self.identity, self.calls, self.stop_at = {"kind": identity}, 0, stop_at

    def forward(self, waveforms, lengths):
        self.calls += 1
        if waveforms.shape[1] == self.stop_at:
            raise KeyboardInterrupt
        assert waveforms.dtype == torch.float32
        return waveforms[:, ::100, None].repeat(1, 1, 2), (lengths + 99) // 100


@pytest.fixture
def rows(tmp_path):
    chance, rows = np.random.default_rng(0), []
    (tmp_path / "prepared" / "audio").mkdir(parents=True)
    for number in range(20):
        samples = chance.normal(0, 0.1, 500 + 100 * number)
        audio = tmp_path / "prepared" / "audio" / f"é {number}.wav"
        soundfile.write(audio, samples, 16000, subtype="PCM_16")
        rows.append({"audio": str(audio), "digest": digest_of(audio)})
    return pd.DataFrame(rows)


@pytest.fixture
def prepared(tmp_path):
    return tmp_path / "prepared"


def kept(store, rows):
    return {digest: store.get(digest) for digest in rows["digest"]}


def shards(store):
    return sorted(path.name for path in store.folder.glob("*.safetensors"))


def test_computed_once_and_found_again(prepared, rows):
    store = FeatureStore(prepared, Counting())
    store.ensure(rows, shown=False)
    assert store.frontend.calls == 20
    for row in rows.itertuples():
        samples = soundfile.read(row.audio, dtype="float32")[0]
        assert np.array_equal(store.get(row.digest).numpy(), np.repeat(samples[::100, None], 2, axis=1))
    again = FeatureStore(prepared, Counting())
    again.ensure(rows, shown=False)
    assert again.frontend.calls == 0
    assert all(torch.equal(again.get(digest), store.get(digest)) for digest in rows["digest"])
    assert json.loads((store.folder / "frontend.json").read_text()) == {"kind": "counting"}


def test_another_front_end_has_its_own_features(prepared, rows):
    FeatureStore(prepared, Counting()).ensure(rows, shown=False)
    other = FeatureStore(prepared, Counting("other"))
    with pytest.raises(XserError, match="stage 2"):
        other.get(rows["digest"][0])
    other.ensure(rows, shown=False)
    assert other.frontend.calls == 20


def test_only_what_is_missing_is_computed(prepared, rows):
    store = FeatureStore(prepared, Counting())
    store.ensure(rows[:5], shown=False)
    store.ensure(pd.concat([rows[3:9], rows[3:9]]), shown=False)  # one recording may stand in two rows
    assert store.frontend.calls == 9


def test_a_kill_leaves_whole_shards_and_the_next_run_ends_the_work(prepared, rows, monkeypatch):
    monkeypatch.setattr(feature_store, "SHARD_UTTERANCES", 4)
    killed = FeatureStore(prepared, Counting(stop_at=500 + 100 * 10))
    with pytest.raises(KeyboardInterrupt):
        killed.ensure(rows, shown=False)
    assert shards(killed) == ["00000.safetensors", "00001.safetensors"]
    store = FeatureStore(prepared, Counting())
    store.ensure(rows, shown=False)
    assert store.frontend.calls == 20 - 8
    assert shards(store) == [f"{number:05d}.safetensors" for number in range(5)]
    assert len(kept(store, rows)) == 20


def test_another_process_sees_what_was_added(prepared, rows):
    reader = FeatureStore(prepared, Counting())
    FeatureStore(prepared, Counting()).ensure(rows, shown=False)
    assert len(kept(reader, rows)) == 20
    assert reader.frontend.calls == 0


def test_the_same_to_the_last_bit_in_any_company(tmp_path, rows):
    def computed(folder, *parts):
        store = FeatureStore(tmp_path / folder, LogMel())
        for part in parts:
            store.ensure(part, shown=False)
        return kept(store, rows)

    torch.set_num_threads(2)
    at_once = computed("one", rows)
    torch.set_num_threads(1)
    piecemeal = computed("two", rows[13:], rows[:1], rows[::-1])
    assert all(torch.equal(at_once[digest], piecemeal[digest]) for digest in at_once)
    in_memory = FeaturesInMemory(rows, LogMel())
    assert all(torch.equal(at_once[digest], in_memory.get(digest)) for digest in at_once)
    assert [in_memory.frames(digest) for digest in at_once] == [len(features) for features in at_once.values()]


def test_torch_keeps_its_threads(prepared, rows):
    torch.set_num_threads(2)
    FeatureStore(prepared, Counting()).ensure(rows, shown=False)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("fault", ["missing", "rate", "stereo", "text"])
def test_audio_that_is_not_as_prepared_is_refused(prepared, rows, fault):
    audio = rows["audio"][7]
    if fault == "missing":
        (prepared / "audio" / "é 7.wav").unlink()
    elif fault == "text":
        (prepared / "audio" / "é 7.wav").write_text("no audio")
    else:
        shape = (800, 2) if fault == "stereo" else 800
        soundfile.write(audio, np.zeros(shape), 8000 if fault == "rate" else 16000)
    with pytest.raises(XserError, match="stage 0"):
        FeatureStore(prepared, Counting()).ensure(rows, shown=False)


def test_features_that_are_not_finite_are_refused(prepared, rows):
    class Broken(Counting):
        def forward(self, waveforms, lengths):
            return torch.full((1, 1, 2), torch.nan), torch.tensor([1])

    store = FeatureStore(prepared, Broken())
    with pytest.raises(XserError, match="finite"):
        store.ensure(rows, shown=False)
    assert not list(store.folder.glob("*.safetensors"))


@pytest.mark.parametrize("shards_of", [10, 20])
@pytest.mark.parametrize("fault", ["cut", "flipped", "empty", "exchanged", "without a digest of its own"])
def test_a_damaged_shard_is_refused_once_and_then_computed_again(prepared, rows, monkeypatch, fault, shards_of):
    monkeypatch.setattr(feature_store, "SHARD_UTTERANCES", shards_of)
    store = FeatureStore(prepared, Counting())
    store.ensure(rows, shown=False)
    before = {digest: features.clone() for digest, features in kept(store, rows).items()}
    shard, *_ = sorted(store.folder.glob("*.safetensors"))
    content = shard.read_bytes()
    if fault == "exchanged":
        features = load_file(shard)
        save_file(dict(zip(features, reversed([each.clone() for each in features.values()]), strict=True)), shard)
    elif fault == "without a digest of its own":
        shard.with_suffix(".sha256").write_text("")
    else:
        flipped = content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]
        shard.write_bytes({"cut": content[:100], "empty": b"", "flipped": flipped}[fault])
    with pytest.raises(XserError, match=f"{shard} was not what was written .* run the same command again"):
        FeatureStore(prepared, Counting()).ensure(rows, shown=False)
    again = FeatureStore(prepared, Counting())
    again.ensure(rows, shown=False)
    assert again.frontend.calls == shards_of
    assert all(torch.equal(features, before[digest]) for digest, features in kept(again, rows).items())


def test_a_shard_of_an_older_version_is_read(prepared, rows):
    FeatureStore(prepared, Counting()).ensure(rows, shown=False)
    for digest in prepared.rglob("*.sha256"):
        digest.unlink()
    again = FeatureStore(prepared, Counting())
    again.ensure(rows, shown=False)
    assert again.frontend.calls == 0 and len(kept(again, rows)) == 20


@pytest.mark.parametrize("held", [FeatureStore, FeaturesInMemory, Recordings])
def test_audio_of_other_samples_is_refused(prepared, rows, held):
    audio = rows["audio"][7]
    samples, rate = soundfile.read(audio, dtype="int16")
    samples[3] ^= 1
    soundfile.write(audio, samples, rate)
    with pytest.raises(XserError, match=f"{audio} does not hold the samples .*--stage 0"):
        if held is FeatureStore:
            FeatureStore(prepared, Counting()).ensure(rows, shown=False)
        elif held is FeaturesInMemory:
            FeaturesInMemory(rows, Counting())
        else:
            Recordings(rows).get(rows["digest"][7])
