"""`ekiben`: the commands around `pulumi`, one file each."""

from .app import main

__all__ = ["main"]
