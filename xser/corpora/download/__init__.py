"""Fetch, verify and unpack corpora that everybody may have."""
