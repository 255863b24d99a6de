"""Data files: what things are pinned to, what they have and what they cost."""
