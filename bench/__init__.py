"""Benchmarks: they drive a plan or a URL and write numbers."""
