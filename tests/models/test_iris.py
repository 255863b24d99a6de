"""The iris model: what it answers, how well, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.models.shipped import Served, run

MODEL = "iris"
pytestmark = pytest.mark.served
FIELDS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SPECIES = ("setosa", "versicolor", "virginica")


@pytest.fixture(scope="module")
def reference(folder: Path) -> dict[str, Any]:
    body = json.loads((folder / "sample.json").read_text())["body"]
    script = Path(__file__).with_name("classifier_reference.py")
    rows = json.dumps([[body[field] for field in FIELDS]])
    answers: dict[str, Any] = json.loads(
        run(folder / "train.lock", script, str(folder), stdin=rows)
    )
    return answers


def test_the_sample_is_answered_as_the_weights_say(
    served: Served, reference: dict[str, Any]
) -> None:
    answer = served.post(served.sample["body"]).json()
    expected = dict(zip(SPECIES, reference["rows"][0], strict=True))
    assert answer["probabilities"] == pytest.approx(expected, abs=1e-5)
    assert answer["species"] == max(expected, key=expected.__getitem__) == "versicolor"


def test_flowers_it_never_saw_are_named_right(served: Served, reference: dict[str, Any]) -> None:
    named = [
        served.post(dict(zip(FIELDS, flower, strict=True))).json()["species"]
        for flower in reference["held_out"]
    ]
    right = [SPECIES[label] for label in reference["labels"]]
    assert sum(map(str.__eq__, named, right)) >= 0.95 * len(right)
    assert len(right) == 45


def test_the_training_script_makes_these_weights(reference: dict[str, Any]) -> None:
    committed = [row.index(max(row)) for row in reference["probabilities"]]
    assert reference["trained_anew"] == committed


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"petal_width": None}, "petal_width", "valid number"),
        ({"petal_width": "wide"}, "petal_width", "valid number"),
        ({"sepal_length": 0}, "sepal_length", "greater than 0"),
        ({"sepal_length": -5.1}, "sepal_length", "greater than 0"),
        ({"petal_length": 51}, "petal_length", "less than or equal to 50"),
        ({"petal_length": [1.0]}, "petal_length", "valid number"),
    ],
)
def test_a_wrong_measurement_is_refused_by_name(
    served: Served, change: dict[str, Any], field: str, message: str
) -> None:
    answer = served.post(served.sample["body"] | change)
    assert answer.status_code == 400
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == [field]
    assert message in problem["msg"]


def test_every_missing_measurement_is_named(served: Served) -> None:
    answer = served.post({"sepal_length": 5.9})
    assert answer.status_code == 400
    assert [problem["loc"] for problem in answer.json()["detail"]] == [[f] for f in FIELDS[1:]]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"sepal_length": NaN}', b"\xff"])
def test_what_is_no_flower_is_refused(served: Served, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = served.client.post("/predict", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_pickles_are_refused(served: Served) -> None:
    headers = {"content-type": "application/vnd.bentoml+pickle"}
    answer = served.client.post("/predict", content=b"cos\nsystem\n.", headers=headers)
    assert answer.status_code == 415


def test_the_api_page_describes_the_measurements(served: Served) -> None:
    assert served.client.get("/").status_code == 200
    document = served.client.get("/docs.json").json()
    assert "/predict" in document["paths"]
    (schema,) = (
        schema
        for name, schema in document["components"]["schemas"].items()
        if "sepal_length" in schema.get("properties", {})
    )
    assert schema["properties"]["sepal_length"]["maximum"] == 50
    assert sorted(schema["required"]) == sorted(FIELDS)


def test_its_libraries_keep_no_identifier_to_report_under(served: Served) -> None:
    assert served.post(served.sample["body"]).status_code == 200
    assert not list(served.home.rglob("*deviceid*"))
