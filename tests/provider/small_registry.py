"""A small registry that has some images by tag: what adopting one asks for, over plain HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.rollout.small_api import Answer, World, serving


class Shelf(World):
    """Images by the path of their manifests: `/v2/vision/iris/manifests/TAG` -> digest."""

    def __init__(self, images: Mapping[str, str]) -> None:
        super().__init__()
        self.images = dict(images)

    def answer(self, method: str, url: str, body: bytes) -> Answer:  # noqa: ARG002
        """The manifest's digest, or that there is none."""
        self.requests.append(f"{method} {url}")
        digest = self.images.get(url)
        if digest is None:
            return 404, {}, b""
        kind = "application/vnd.oci.image.manifest.v1+json"
        return 200, {"Content-Type": kind, "Docker-Content-Digest": digest}, b""


@contextmanager
def registry_with(images: Mapping[str, str]) -> Iterator[Shelf]:
    """Serve these images until left."""
    shelf = Shelf(images)
    with serving(shelf):
        yield shelf
