"""The parts of tools/make_egs_data.py: what is said (plan), how it sounds (speech), how it is written (writing)."""
