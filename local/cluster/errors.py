"""The one error of the local cluster: a message for the person who typed the command."""

from __future__ import annotations


class ClusterError(Exception):
    """What went wrong, where, and what to do; shown without a traceback."""
