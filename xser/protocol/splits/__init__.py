"""Which part of a corpus every utterance belongs to."""
