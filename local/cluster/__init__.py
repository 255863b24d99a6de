"""A real one-node Kubernetes out of binaries, alone in namespaces of its own.

`up`, `down` and `status` are the whole surface; `python -m local` calls them. Everything else here
is a pure decision (layout, ranges, settings, units) or one effect (namespaces, mounts, network).
"""
