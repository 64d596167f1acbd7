"""Measured figures: each `bench_*.py` returns `Figure`s, `python -m bench.run` writes them down."""
