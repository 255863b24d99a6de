"""Fixtures of the toolchain's tests."""

from lamps import lamp_chain, machine, places, site

__all__ = ["lamp_chain", "machine", "places", "site"]
