"""From a recording to 16 kHz samples: containers, decoding, resampling, preparation, measures, repairs."""
