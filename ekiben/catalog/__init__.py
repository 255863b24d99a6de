"""Data files: what things are pinned to."""
