"""From a recording to 16 kHz samples: containers, decoding, preparation, measures, repairs."""
