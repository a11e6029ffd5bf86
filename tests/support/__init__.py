"""What tests share: made-up corpora, tables, archives, encoders, runs and servers."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
