"""What the shipped models answer over the gateway, and what the gateway lets through."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.project import Project
from tests.e2e.team import Team
from tests.models import shipped

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
REFERENCES = Path(shipped.__file__).parent


def sample(model: str) -> Any:
    return json.loads((shipped.MODELS / model / "sample.json").read_text())["body"]


def served(http: httpx.Client, model: str) -> Any:
    """The answer to the model's own sample."""
    path = json.loads((shipped.MODELS / model / "sample.json").read_text())["path"]
    answer = http.post(f"/demo/{model}{path}", json=sample(model))
    assert answer.status_code == 200, answer.text
    return answer.json()


def classified(model: str, rows: Any) -> list[list[float]]:
    """Probabilities that the model's weights give, computed in this machine's own process."""
    script = REFERENCES / "classifier_reference.py"
    lock = shipped.MODELS / model / "train.lock"
    said = shipped.run(lock, script, str(shipped.MODELS / model), stdin=json.dumps(rows))
    probabilities: list[list[float]] = json.loads(said)["rows"]
    return probabilities


def test_iris_answers_as_its_weights_say(http: httpx.Client) -> None:
    (expected,) = classified("iris", [list(sample("iris").values())])
    answer = served(http, "iris")
    assert list(answer["probabilities"].values()) == pytest.approx(expected, abs=1e-5)
    assert answer["probabilities"][answer["species"]] == pytest.approx(max(expected), abs=1e-5)


def test_digits_answers_as_its_weights_say(http: httpx.Client) -> None:
    (expected,) = classified("digits", sample("digits")["images"])
    (answer,) = served(http, "digits")
    assert answer["digit"] == expected.index(max(expected))
    assert answer["probability"] == pytest.approx(max(expected), abs=1e-5)


def test_minilm_answers_as_its_weights_say(http: httpx.Client) -> None:
    sentences = sample("minilm")["sentences"]
    lock = shipped.MODELS / "minilm" / "requirements.lock"
    said = shipped.run(lock, REFERENCES / "bert_reference.py", stdin=json.dumps(sentences))
    for vector, expected in zip(served(http, "minilm"), json.loads(said), strict=True):
        assert vector == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("model", ["iris", "digits", "minilm"])
@pytest.mark.parametrize("path", ["", "/", "/docs.json", "/readyz", "/livez", "/metrics"])
def test_all_of_a_service_is_under_its_endpoint(http: httpx.Client, model: str, path: str) -> None:
    answer = http.get(f"/demo/{model}{path}")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", ["/", "/iris/predict", "/demo", "/demo/irish/readyz", "/readyz"])
def test_nothing_answers_where_no_model_is(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_a_body_over_the_limit_is_refused(http: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    answer = http.post("/demo/iris/predict", content=b" " * (21 << 20), headers=headers)
    assert answer.status_code == 413


def test_a_pickle_is_refused(http: httpx.Client) -> None:
    headers = {"content-type": "application/vnd.bentoml+pickle"}
    answer = http.post("/demo/iris/predict", content=b"cos\nsystem\n.", headers=headers)
    assert answer.status_code == 415


def test_a_request_over_its_time_out_is_given_up(team: Team) -> None:
    team.small("slow", timeout="2s")
    team.up().well()
    assert team.ask("slow").text == "first"
    answer = team.ask("slow", seconds=4)
    assert answer.status_code == 504
    assert answer.elapsed.total_seconds() < 3.5


def test_the_printed_lines_work_when_pasted(project: Project) -> None:
    printed = project.ekiben("get").well().out
    lines = re.findall(r"^curl .*$", printed, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        assert json.loads(project.shell(line).well().out)
