# /// script
# requires-python = "==3.11.*"
# dependencies = [
#     "numpy>=2.4",
#     "onnx>=1.23",
#     "scikit-learn>=1.9",
#     "skl2onnx>=1.20",
# ]
# ///
"""Train the classifier of handwritten digits and write it as ONNX: `uv run models/digits/train.py`.

Prints one line of JSON: how many images were held out, and how large a part of them the written
file reads right. `train.lock` holds the versions that made the committed file.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from onnx.reference import ReferenceEvaluator
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

WEIGHTS = Path(__file__).with_name("digits.onnx")
SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))  # pixels down and right


def split() -> list[np.ndarray]:
    """Images of 8x8 pixels from 0 to 16, then digits: train, held out, train, held out."""
    digits = load_digits()
    images = digits.images.astype(np.float32)
    return train_test_split(
        images, digits.target, test_size=0.25, random_state=0, stratify=digits.target
    )


def shifted(images: np.ndarray, down: int, right: int) -> np.ndarray:
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    return padded[:, 1 - down : 9 - down, 1 - right : 9 - right]


def fit(images: np.ndarray, digits: np.ndarray) -> MLPClassifier:
    """Learns from every image at five places, which halves the errors."""
    pixels = np.concatenate([shifted(images, *shift) for shift in SHIFTS]).reshape(-1, 64)
    model = MLPClassifier((100,), solver="lbfgs", alpha=1, max_iter=5000, random_state=0)
    with threadpool_limits(1):  # the order of additions, and with it the result, stays the same
        model.fit(pixels / 16, np.tile(digits, len(SHIFTS)))
    model.coefs_[0] /= 16  # so that it takes pixels as they come
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    out = parser.parse_args().out

    images, held_out, digits, held_out_digits = split()
    # zipmap: probabilities as one array, not as a list of dicts.
    example = np.zeros((1, 64), np.float32)
    model = to_onnx(fit(images, digits), example, options={"zipmap": False})
    out.write_bytes(model.SerializeToString(deterministic=True))

    (answers,) = ReferenceEvaluator(model).run(["label"], {"X": held_out.reshape(-1, 64)})
    accuracy = float(np.mean(answers == held_out_digits))
    print(json.dumps({"held_out": len(held_out), "accuracy": round(accuracy, 4)}))


if __name__ == "__main__":
    main()
