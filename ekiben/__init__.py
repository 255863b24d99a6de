"""Ekiben's core: what people wrote (spec), what was decided (plan), and the steps around them."""

__version__ = "0.1.0"
