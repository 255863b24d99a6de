# /// script
# requires-python = "==3.11.*"
# dependencies = [
#     "numpy>=2.4",
#     "onnx>=1.23",
#     "scikit-learn>=1.9",
#     "skl2onnx>=1.20",
# ]
# ///
"""Train the iris classifier and write it as ONNX: `uv run models/iris/train.py`.

Prints one line of JSON: how many flowers were held out, and how large a part of them the written
file names right. `train.lock` holds the versions that made the committed file.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from onnx.reference import ReferenceEvaluator
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

WEIGHTS = Path(__file__).with_name("iris.onnx")


def split() -> list[np.ndarray]:
    """Measurements, then species: train, held out, train, held out."""
    iris = load_iris()
    flowers = iris.data.astype(np.float32)
    return train_test_split(
        flowers, iris.target, test_size=0.3, random_state=0, stratify=iris.target
    )


def fit(flowers: np.ndarray, species: np.ndarray) -> LogisticRegression:
    return LogisticRegression(max_iter=1000).fit(flowers, species)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    out = parser.parse_args().out

    flowers, held_out, species, held_out_species = split()
    # zipmap: probabilities as one array, not as a list of dicts.
    model = to_onnx(fit(flowers, species), flowers[:1], options={"zipmap": False})
    out.write_bytes(model.SerializeToString(deterministic=True))

    (answers,) = ReferenceEvaluator(model).run(["label"], {"X": held_out})
    accuracy = float(np.mean(answers == held_out_species))
    print(json.dumps({"held_out": len(held_out), "accuracy": round(accuracy, 4)}))


if __name__ == "__main__":
    main()
