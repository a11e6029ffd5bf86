"""Recordings that hold the same sound, whole or in part: spectral fingerprints find them, waveforms decide."""
