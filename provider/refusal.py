"""The one kind of error that the provider means: its text is complete and for the user."""


class Refusal(Exception):
    """Shown as it is, without a traceback, as the resource's error in the engine's display."""
