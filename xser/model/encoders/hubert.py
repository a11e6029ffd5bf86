"""HuBERT: built as wav2vec 2.0, trained in another way."""

from xser.model.encoders.wav2vec2 import Wav2Vec2SpeechModel


class HubertSpeechModel(Wav2Vec2SpeechModel):
    """HuBERT, from `transformers.HubertModel`; its projection gives the frames alone."""
