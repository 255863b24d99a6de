"""Digits: reads handwritten digits from images of 8x8 pixels."""

import os
from pathlib import Path
from typing import Annotated

import bentoml
import numpy as np
from pydantic import BaseModel, Field

# ONNX and not a pickle: the file is data that no code runs from, and what reads it takes a third
# of the start time and memory of scikit-learn, in which the model was trained.
WEIGHTS = Path(__file__).with_name("digits.onnx")
MAX_IMAGES = 64

Pixel = Annotated[float, Field(ge=0, le=16, description="0 is paper, 16 is full ink")]
Row = Annotated[list[Pixel], Field(min_length=8, max_length=8)]
Image = Annotated[list[Row], Field(min_length=8, max_length=8, description="from top to bottom")]
Images = Annotated[list[Image], Field(min_length=1, max_length=MAX_IMAGES)]


class Reading(BaseModel):
    digit: int = Field(ge=0, le=9)
    probability: float = Field(ge=0, le=1, description="of this digit among the ten")


@bentoml.service(name="digits", workers=1, traffic={"timeout": 10})
class Digits:
    def __init__(self) -> None:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else it reports its use to its makers
        # Here and not above: Bento's supervisor reads this module too, and would only carry it.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            WEIGHTS, options, providers=["CPUExecutionProvider"]
        )

    # Requests that arrive while a batch runs make up the next one. max_latency_ms is no time to
    # wait for more: a request that would take longer is answered 503, so it is near the time-out.
    @bentoml.api(batchable=True, max_batch_size=MAX_IMAGES, max_latency_ms=8000)
    def predict(self, images: Images) -> list[Reading]:
        """Read one digit from each image. The answers come in the order of the images."""
        pixels = np.array(images, np.float32).reshape(-1, 64)
        (probabilities,) = self.session.run(["probabilities"], {"X": pixels})
        return [
            Reading(digit=int(digit), probability=float(row[digit]))
            for row, digit in zip(probabilities, probabilities.argmax(axis=1), strict=True)
        ]
