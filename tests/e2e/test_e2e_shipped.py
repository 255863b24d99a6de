"""The shipped models: what they answer over the gateway, and that a second `up` does nothing."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.project import Project
from tests.e2e.registry import catalogue
from tests.e2e.resources import changed, named
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


def test_a_second_up_changes_nothing_and_builds_nothing(project: Project) -> None:
    before, images = named(project.resources()), catalogue()
    said = project.ekiben("up", "--prepare", "--yes").well().out
    assert re.search(r"Resources:\s+\d+ unchanged", said), said
    assert changed(before, named(project.resources())) == {}
    assert catalogue() == images


def test_a_preview_expects_no_changes(project: Project) -> None:
    project.pulumi("preview", "--expect-no-changes").well()


@pytest.mark.parametrize("model", ["iris", "digits", "minilm"])
def test_our_pods_need_no_rights(project: Project, model: str) -> None:
    found = project.sees("deployment", f"{model}-stable", "--namespace=demo")
    template = found["spec"]["template"]
    template["metadata"] = {"name": "trial", "namespace": "demo"}
    text = json.dumps({"apiVersion": "v1", "kind": "Pod", **template})
    done = project.kubectl("create", "--dry-run=server", "--filename=-", stdin=text).well()
    assert "created (server dry run)" in done.out
    assert "Warning" not in done.err
