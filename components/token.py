"""The type tokens of our components: package and module, written once."""


def token(kind: str) -> str:
    return f"ekiben:index:{kind}"
