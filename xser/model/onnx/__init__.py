"""A trained model as one ONNX graph, from a waveform to probabilities: to be used without xser and without torch."""
