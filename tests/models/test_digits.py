"""The digits model: what it answers, how well, how it batches, and what it refuses."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.models.shipped import Served, run

MODEL = "digits"
pytestmark = pytest.mark.served
MAX_IMAGES = 64
BLANK = [[0] * 8 for _ in range(8)]


@pytest.fixture(scope="module")
def reference(folder: Path) -> dict[str, Any]:
    body = json.loads((folder / "sample.json").read_text())["body"]
    script = Path(__file__).with_name("classifier_reference.py")
    rows = json.dumps(body["images"])
    answers: dict[str, Any] = json.loads(
        run(folder / "train.lock", script, str(folder), stdin=rows)
    )
    return answers


def most_likely(probabilities: list[list[float]]) -> list[int]:
    return [row.index(max(row)) for row in probabilities]


def test_the_sample_is_answered_as_the_weights_say(
    served: Served, reference: dict[str, Any]
) -> None:
    (answer,) = served.post(served.sample["body"]).json()
    assert answer["digit"] == most_likely(reference["rows"])[0] == 2
    assert answer["probability"] == pytest.approx(max(reference["rows"][0]), abs=1e-5)


def test_images_it_never_saw_are_read_right(served: Served, reference: dict[str, Any]) -> None:
    images, labels = reference["held_out"], reference["labels"]
    answers = [
        answer
        for start in range(0, len(images), MAX_IMAGES)
        for answer in served.post({"images": images[start : start + MAX_IMAGES]}).json()
    ]
    right = sum(answer["digit"] == label for answer, label in zip(answers, labels, strict=True))
    assert len(labels) == 450
    assert right >= 0.98 * len(labels)
    assert [answer["probability"] for answer in answers] == pytest.approx(
        list(map(max, reference["probabilities"])), abs=1e-4
    )


def test_the_training_script_makes_such_weights(reference: dict[str, Any]) -> None:
    # Not the same bits: another processor adds in another order, and training amplifies it.
    anew, labels = reference["trained_anew"], reference["labels"]
    committed = most_likely(reference["probabilities"])
    assert sum(map(int.__eq__, anew, labels)) >= 0.98 * len(labels)
    assert sum(map(int.__eq__, anew, committed)) >= 0.98 * len(labels)


def test_requests_share_batches_and_each_gets_its_own_answers(
    served: Served, reference: dict[str, Any]
) -> None:
    images, digits = reference["held_out"], most_likely(reference["probabilities"])
    requests = [slice(start, start + 1 + start % 40) for start in range(400)]
    with ThreadPoolExecutor(32) as clients:
        answers = clients.map(lambda part: served.post({"images": images[part]}), requests)
        read = [[reading["digit"] for reading in answer.json()] for answer in answers]
    assert read == [digits[part] for part in requests]
    assert batches(served) < len(requests)


def batches(served: Served) -> float:
    """How often the model ran since the service started."""
    metric = "bentoml_service_adaptive_batch_size_count"
    lines = served.client.get("/metrics").text.splitlines()
    (line,) = [line for line in lines if line.startswith(metric)]
    return float(line.split()[-1])


def test_a_wrong_request_does_not_spoil_the_batch_of_others(served: Served) -> None:
    bodies = [{"images": [BLANK]}, {"images": [[[17] * 8] * 8]}] * 40
    with ThreadPoolExecutor(16) as clients:
        answers = clients.map(lambda body: served.post(body).status_code, bodies)
    assert list(answers) == [200, 400] * 40


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "at least 1 item"),
        ([BLANK] * (MAX_IMAGES + 1), f"at most {MAX_IMAGES} items"),
        ([BLANK[:7]], "at least 8 items"),
        ([[*BLANK, [0] * 8]], "at most 8 items"),
        ([[*BLANK[:7], [0] * 9]], "at most 8 items"),
        ([[*BLANK[:7], [16.5] * 8]], "less than or equal to 16"),
        ([[*BLANK[:7], [-1] * 8]], "greater than or equal to 0"),
        ([[*BLANK[:7], ["ink"] * 8]], "valid number"),
        ("image", "valid array"),
        (None, "valid array"),
    ],
)
def test_wrong_images_are_refused(served: Served, images: Any, message: str) -> None:
    answer = served.post({"images": images})
    assert answer.status_code == 400
    problems = answer.json()["detail"]
    assert all(problem["loc"][0] == "images" for problem in problems)
    assert message in problems[0]["msg"]


def test_pixels_that_are_no_numbers_are_refused(served: Served) -> None:
    body = json.dumps({"images": [BLANK]}).replace("0", "NaN", 1)
    headers = {"content-type": "application/json"}
    assert served.client.post("/predict", content=body, headers=headers).status_code == 400


def test_its_libraries_keep_no_identifier_to_report_under(served: Served) -> None:
    assert served.post(served.sample["body"]).status_code == 200
    assert not list(served.home.rglob("*deviceid*"))
