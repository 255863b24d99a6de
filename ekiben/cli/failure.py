"""A refusal in the user's terms."""


class Failure(Exception):
    """What went wrong and what to do; printed as it is, without a traceback."""
