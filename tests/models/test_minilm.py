"""The MiniLM model: what it answers, how like the published model, and what it refuses."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.models.shipped import Served, run

MODEL = "minilm"
pytestmark = pytest.mark.served
# Every length that matters: a character, the limit of 256 tokens and beyond, other scripts.
SENTENCES = [
    "a",
    " ",
    "Zug 🚆 nach Kōbe",
    "A short sentence.",
    "one two three " * 84,
    "The rest of this one is not read. " * 60,
    "弁当を駅で買う。",
]


def embed(served: Served, sentences: list[str]) -> np.ndarray:
    answer = served.post({"sentences": sentences})
    assert answer.status_code == 200, answer.text
    return np.array(answer.json())


def reference(folder: Path, sentences: list[str]) -> np.ndarray:
    script = Path(__file__).with_name("bert_reference.py")
    answer = run(folder / "requirements.lock", script, stdin=json.dumps(sentences))
    return np.array(json.loads(answer))


def test_the_answers_are_those_computed_from_the_weights(served: Served) -> None:
    sentences = [*served.sample["body"]["sentences"], *SENTENCES]
    expected = reference(served.folder, sentences)
    np.testing.assert_allclose(embed(served, sentences), expected, atol=1e-5)


def test_the_sample_has_the_published_similarities(served: Served) -> None:
    # As the model's authors print them in the documentation of sentence-transformers.
    published = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    vectors = embed(served, served.sample["body"]["sentences"])
    np.testing.assert_allclose(vectors @ vectors.T, published, atol=1e-4)


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("How do I reset my password?", "I forgot my login credentials.", "Trains leave hourly."),
        ("A man is eating pasta.", "Someone has a meal.", "A man is repairing a car."),
        ("The stock market fell sharply.", "Shares lost much value.", "The cat fell asleep."),
    ],
)
def test_what_means_the_same_is_near(served: Served, query: str, near: str, far: str) -> None:
    vectors = embed(served, [query, near, far])
    to_near, to_far = vectors[1:] @ vectors[0]
    assert to_near > to_far + 0.2


def test_a_sentence_has_the_same_vector_in_any_company(served: Served) -> None:
    alone = np.concatenate([embed(served, [sentence]) for sentence in SENTENCES])
    together = embed(served, SENTENCES * 9)
    np.testing.assert_allclose(together, np.tile(alone, (9, 1)), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-5)


def test_requests_at_once_each_get_their_own_answers(served: Served) -> None:
    requests = [[f"Platform {n}, car {car}." for car in range(n % 5 + 1)] for n in range(60)]
    with ThreadPoolExecutor(12) as clients:
        answers = list(clients.map(lambda sentences: embed(served, sentences), requests))
    for sentences, answer in list(zip(requests, answers, strict=True))[::12]:
        np.testing.assert_allclose(answer, embed(served, sentences), atol=1e-5)


def test_the_export_script_makes_the_committed_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "minilm.onnx"
    run(folder / "export.lock", folder / "export.py", "--out", str(out))
    assert out.read_bytes() == (folder / "minilm.onnx").read_bytes()


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([], "at least 1 item"),
        (["a"] * 65, "at most 64 items"),
        ([""], "at least 1 character"),
        (["a" * 10_001], "at most 10000 characters"),
        (["a", 2], "valid string"),
        (["a", None], "valid string"),
        ("a", "valid array"),
    ],
)
def test_wrong_sentences_are_refused(served: Served, sentences: object, message: str) -> None:
    answer = served.post({"sentences": sentences})
    assert answer.status_code == 400
    problem = answer.json()["detail"][0]
    assert problem["loc"][0] == "sentences"
    assert message in problem["msg"]


@pytest.mark.parametrize("body", [b"{", b'{"sentences": ["\\ud800"]}', b'{"sentences": ["\xff"]}'])
def test_what_is_no_text_is_refused(served: Served, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = served.client.post("/embed", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_the_api_page_describes_sentences_and_vectors(served: Served) -> None:
    document = served.client.get("/docs.json").json()
    assert "embed" in document["paths"]["/embed"]["post"]["operationId"]
    assert '"sentences"' in json.dumps(document["components"]["schemas"])


def test_its_libraries_keep_no_identifier_to_report_under(served: Served) -> None:
    assert served.post(served.sample["body"]).status_code == 200
    assert not list(served.home.rglob("*deviceid*"))
