"""Iris: names the species of an iris flower from four measurements."""

import os
from pathlib import Path
from typing import Annotated, Literal

import bentoml
import numpy as np
from pydantic import BaseModel, Field

# ONNX and not a pickle: the file is data that no code runs from, and what reads it takes a third
# of the start time and memory of scikit-learn, in which the model was trained.
WEIGHTS = Path(__file__).with_name("iris.onnx")

Species = Literal["setosa", "versicolor", "virginica"]
SPECIES: tuple[Species, ...] = ("setosa", "versicolor", "virginica")

Centimetres = Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)]


class Prediction(BaseModel):
    species: Species
    probabilities: dict[Species, float] = Field(description="By species; they add up to 1.")


@bentoml.service(name="iris", workers=1, traffic={"timeout": 10})
class Iris:
    def __init__(self) -> None:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else it reports its use to its makers
        # Here and not above: Bento's supervisor reads this module too, and would only carry it.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            WEIGHTS, options, providers=["CPUExecutionProvider"]
        )

    # async: it takes some microseconds, less than a hop to a worker thread.
    @bentoml.api
    async def predict(
        self,
        sepal_length: Annotated[Centimetres, Field(examples=[5.9])],
        sepal_width: Annotated[Centimetres, Field(examples=[3.0])],
        petal_length: Annotated[Centimetres, Field(examples=[4.2])],
        petal_width: Annotated[Centimetres, Field(examples=[1.5])],
    ) -> Prediction:
        """Name the species of one flower. All measurements are in centimetres."""
        flower = np.array([[sepal_length, sepal_width, petal_length, petal_width]], np.float32)
        (probabilities,) = self.session.run(["probabilities"], {"X": flower})[0].tolist()
        return Prediction(
            species=SPECIES[int(np.argmax(probabilities))],
            probabilities=dict(zip(SPECIES, probabilities, strict=True)),
        )
