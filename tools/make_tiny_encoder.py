#!/usr/bin/env python3
"""Write a pretrained encoder with random weights, in Hugging Face's format: for tests and benchmarks offline.

python tools/make_tiny_encoder.py wavlm /tmp/tiny_wavlm
python tools/make_tiny_encoder.py wav2vec2-group ~/models/random_base --full-size
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from xser.commands.command_line import OneLineParser, run  # noqa: E402  (the checkout needs no installation)
from xser.core.errors import XserError  # noqa: E402

_WAVEFORM = {
    "tiny": {
        "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48,
        "conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4,
    },
    "full": {},
}  # fmt: skip
_BERT = {
    "tiny": {
        "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48,
        "left_max_position_embeddings": 8, "right_max_position_embeddings": 4, "conv_depthwise_kernel_size": 7,
    },
    "full": {},
}  # fmt: skip
_WHISPER = {
    "tiny": {"d_model": 32, "encoder_layers": 3, "encoder_attention_heads": 4, "encoder_ffn_dim": 48},
    "full": {"d_model": 768, "encoder_layers": 12, "encoder_attention_heads": 12, "encoder_ffn_dim": 3072},
}
# kind: (name of the model and configuration in transformers, settings by size, settings of the kind, feature extractor)
_GROUP = {"feat_extract_norm": "group", "do_stable_layer_norm": False, "conv_bias": False}
_LAYER = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
_DECODER = {
    "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 8, "vocab_size": 8, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 1, "decoder_start_token_id": 1,
}  # fmt: skip
KINDS = {
    "wav2vec2-group": ("Wav2Vec2", _WAVEFORM, _GROUP, "Wav2Vec2FeatureExtractor"),
    "wav2vec2-layer": ("Wav2Vec2", _WAVEFORM, _LAYER, "Wav2Vec2FeatureExtractor"),
    "hubert": ("Hubert", _WAVEFORM, _GROUP, "Wav2Vec2FeatureExtractor"),
    "wavlm": ("WavLM", _WAVEFORM, _GROUP, "Wav2Vec2FeatureExtractor"),
    "wavlm-layer": ("WavLM", _WAVEFORM, _LAYER, "Wav2Vec2FeatureExtractor"),
    "w2v-bert": ("Wav2Vec2Bert", _BERT, {}, "SeamlessM4TFeatureExtractor"),
    "whisper": ("Whisper", _WHISPER, _DECODER, "WhisperFeatureExtractor"),
}


def make_tiny_encoder(kind, folder, full_size=False, seed=0):
    """Write config.json, model.safetensors and preprocessor_config.json.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    folder : str or Path
        Made when missing.
    full_size : bool
        The size of the model that people use (wav2vec 2.0 base, ...), instead of some hundred kilobytes.
    seed : int
        The same seed gives the same bytes.

    Raises
    ------
    XserError
        When the kind is unknown.
    """
    import torch
    import transformers

    if kind not in KINDS:
        raise XserError(f"there is no kind {kind!r}: use one of {', '.join(KINDS)}")
    name, sizes, settings, extractor = KINDS[kind]
    torch.manual_seed(seed)
    config = getattr(transformers, f"{name}Config")(**sizes["full" if full_size else "tiny"], **settings)
    model = getattr(transformers, f"{name}Model")(config)
    for parameter_name, parameter in model.named_parameters():
        if parameter_name.endswith("bias"):  # new biases are zero, which would hide mistakes
            torch.nn.init.normal_(parameter, std=0.1)
    model.save_pretrained(folder)
    normalises = {"do_normalize": True} if extractor == "Wav2Vec2FeatureExtractor" else {}
    getattr(transformers, extractor)(**normalises).save_pretrained(folder)


def main(argv):
    """Write the model that the command line names."""
    options = OneLineParser(prog="make_tiny_encoder.py", description=__doc__)
    options.add_argument("kind", metavar="KIND", help=", ".join(KINDS))
    options.add_argument("folder", metavar="FOLDER", help="where it is written; made when missing")
    options.add_argument("--full-size", action="store_true", help="the size of the models that people use")
    options.add_argument("--seed", type=int, default=0, help="seed of the weights")
    chosen = options.parse_args(argv)
    make_tiny_encoder(chosen.kind, chosen.folder, chosen.full_size, chosen.seed)


if __name__ == "__main__":
    run(lambda: main(sys.argv[1:]))
