"""Tests; a package, so that they can share the modules beside them."""
