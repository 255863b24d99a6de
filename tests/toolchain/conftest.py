"""Fixtures of the toolchain's tests."""

from tests.toolchain.lamps import lamp_chain, machine, places, site

__all__ = ["lamp_chain", "machine", "places", "site"]
