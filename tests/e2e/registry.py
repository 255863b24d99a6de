"""The storage of the cluster's registry: what it holds, and losing some of it."""

from tests.e2e.project import LAYOUT

_ROOT = LAYOUT.registry_storage / "docker" / "registry" / "v2"


def catalogue() -> dict[str, str]:
    """The digest behind each tag: `demo/iris:0d1b303ceedaac30` -> `sha256:...`."""
    repositories = _ROOT / "repositories"
    return {
        f"{link.parents[4].relative_to(repositories)}:{link.parents[1].name}": link.read_text()
        for link in repositories.glob("**/_manifests/tags/*/current/link")
    }


def lose(digest: str) -> None:
    """What a careless clean-up or a broken disk does to one blob."""
    kind, _, digits = digest.partition(":")
    (_ROOT / "blobs" / kind / digits[:2] / digits / "data").unlink()
