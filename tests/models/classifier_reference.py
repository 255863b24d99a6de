"""What a classifier's weights answer, computed by ONNX' own reference evaluator.

Runs in the model's training environment: `classifier_reference.py FOLDER`, rows of numbers as JSON
on stdin. Prints the held-out data with the weights' probabilities, the probabilities of the rows,
and what a model that is trained anew makes of the held-out data.
"""

import importlib
import json
import sys
from typing import Any

import numpy as np
import onnx  # type: ignore[import-not-found]
from onnx.reference import ReferenceEvaluator  # type: ignore[import-not-found]

sys.path.insert(0, sys.argv[1])
train = importlib.import_module("train")

evaluator = ReferenceEvaluator(onnx.load(train.WEIGHTS))
inputs, held_out, labels, held_out_labels = train.split()
flat = held_out.reshape(len(held_out), -1)
rows = np.array(json.load(sys.stdin), np.float32).reshape(-1, flat.shape[1])


def probabilities(values: np.ndarray) -> Any:
    return evaluator.run(["probabilities"], {"X": values})[0].tolist()


answers = {
    "held_out": held_out.tolist(),
    "labels": held_out_labels.tolist(),
    "probabilities": probabilities(flat),
    "rows": probabilities(rows),
    "trained_anew": train.fit(inputs, labels).predict(flat).tolist(),
}
print(json.dumps(answers))
