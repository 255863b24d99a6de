"""The Containerfile as a whole. `EKIBEN_GOLDEN=write pytest tests/bundle` writes it anew."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.bundle.containerfile import Plan, render, serve_command
from ekiben.bundle.recipe import recipe

GOLDEN = Path(__file__).parent / "golden"

IRIS = Plan(
    builder="buildah",
    base="localhost/ekiben-base:0123456789ab-amd64",
    keys={"prepare": "aaaa", "install": "bbbb", "bento": "cccc", "smoke": "dddd"},
    bentoml=">=1.4.40,<1.5",
    has_large=False,
    model="iris",
    image_id="0123456789abcdef",
    sources="5" * 64,
    user=1034,
    port=3000,
    smoke="ready",
    smoke_deadline=180,
)
PLANS = {
    "iris-buildah": IRIS,
    "minilm-buildkit": replace(
        IRIS, builder="buildkit", model="minilm", has_large=True, smoke="import"
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_containerfile_is_the_expected_one(name: str) -> None:
    file = GOLDEN / f"{name}.Containerfile"
    text = render(PLANS[name])
    if os.environ.get("EKIBEN_GOLDEN") == "write":
        file.write_text(text)
    assert text == file.read_text()


def stage(text: str, name: str) -> str:
    return next(part for part in text.split("\n\n") if f" AS {name}\n" in f"{part}\n")


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        ({"model": "other", "image_id": "f" * 16, "sources": "6" * 64}, {"bento", "image"}),
        ({"keys": {**IRIS.keys, "install": "new"}}, {"requirements"}),
        ({"keys": {**IRIS.keys, "bento": "new"}}, {"bento"}),
        ({"smoke": "import"}, {"smoke"}),
        ({"has_large": True}, {"weights"}),
    ],
)
def test_a_change_touches_the_stages_it_is_about(
    change: dict[str, object], moved: set[str]
) -> None:
    before, after = render(IRIS), render(replace(IRIS, **change))  # type: ignore[arg-type]
    names = ("base", "requirements", "weights", "bento", "image", "smoke")
    assert {name for name in names if stage(before, name) != stage(after, name)} == moved


def test_it_serves_on_every_address_and_runs_as_a_number() -> None:
    image = stage(render(IRIS), "image")
    assert serve_command(3000)[-4:] == ["--host", "0.0.0.0", "--port", "3000"]
    # A name could not be checked by runAsNonRoot; a shell would keep SIGTERM to itself.
    assert "USER 1034:1034" in image
    assert 'ENTRYPOINT ["/app/.venv/bin/python", "-m", "bentoml", "serve"' in image


def test_the_recipe_pins_base_and_uv() -> None:
    shipped = recipe()
    assert "@sha256:" in shipped.image
    assert set(shipped.uv.sha256) == {"x86_64", "aarch64"}
