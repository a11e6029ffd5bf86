"""From a waveform to frames to one embedding an utterance.

An encoder has two halves. Its front end (`log_mel`, `pretrained`) is frozen and deterministic, so its output is
computed once an utterance and kept (`feature_store`). Its network (`compact`, `layer_mix`) is trained. `pooling` ends
it.
"""
