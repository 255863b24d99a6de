"""Which layer a file goes into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.bundle.layers import entry_target, split

MIB = 1 << 20


def texts(files: dict[str, str]) -> tuple[dict[str, int], dict[str, str]]:
    return {name: len(text) for name, text in files.items()}, files


def test_large_files_are_apart_from_code() -> None:
    sizes = {
        "service.py": 900,
        "weights/model.onnx": 90 * MIB,
        "exactly.bin": MIB,
        "vocab": MIB - 1,
    }
    parts = split(sizes, lambda _: "", MIB)
    assert parts.large == ("exactly.bin", "weights/model.onnx")
    assert parts.code == ("service.py", "vocab")


def test_a_lock_is_installed_instead_of_the_ranges_it_was_made_from() -> None:
    sizes, files = texts({"requirements.txt": "numpy\n", "requirements.lock": "numpy==2.4.0\n"})
    assert split(sizes, files.__getitem__, MIB).requirements == ("requirements.lock",)


def test_included_files_and_wheels_come_along() -> None:
    sizes, files = texts(
        {
            "requirements.txt": "-r more/extra.txt\n--constraint=limits.txt\n./wheels/own-1.whl\n",
            "more/extra.txt": "-r ../limits.txt\nscipy # -r no.txt\n",
            "limits.txt": "numpy<3\n-r requirements.txt\n",
            "wheels/own-1.whl": "",
            "no.txt": "",
        }
    )
    assert split(sizes, files.__getitem__, MIB).requirements == (
        "limits.txt",
        "more/extra.txt",
        "requirements.txt",
        "wheels/own-1.whl",
    )


@pytest.mark.parametrize("line", ["-r ../../etc/passwd", "-r /etc/passwd", "-r absent.txt"])
def test_nothing_outside_the_folder_is_taken(line: str) -> None:
    sizes, files = texts({"requirements.txt": f"{line}\n"})
    assert split(sizes, files.__getitem__, MIB).requirements == ("requirements.txt",)


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 4 * MIB)))
def test_every_file_is_in_exactly_one_layer(sizes: dict[str, int]) -> None:
    parts = split(sizes, lambda _: "", MIB)
    assert sorted([*parts.large, *parts.code]) == sorted(sizes)


@pytest.mark.parametrize(
    ("bentofile", "target"),
    [
        (None, "service"),
        ({}, "service"),
        ({"service": " "}, "service"),
        ({"service": 3}, "service"),
        (["service"], "service"),
        ({"service": "service:Iris"}, "service:Iris"),
        ({"service": "service.py:Iris"}, "service:Iris"),
        ({"service": "./app/main.py:Iris"}, "app.main:Iris"),
        ({"service": "app.main"}, "app.main"),
    ],
)
def test_the_entry_is_bentofile_s_service_or_service_py(bentofile: object, target: str) -> None:
    assert entry_target(bentofile) == target
