"""Talking to the real provider process as the engine does: over gRPC on loopback."""

import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import (  # type: ignore[import-untyped]
    empty_pb2,
    json_format,
    struct_pb2,
)
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

LAUNCHER = Path(__file__).parents[2] / "provider" / "pulumi-resource-ekiben"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_OPTIONS = [("grpc.max_metadata_size", 1 << 20)]


class Display(engine_pb2_grpc.EngineServicer):
    """The engine's log service: it keeps what it is told."""

    def __init__(self) -> None:
        self.logged: list[Any] = []

    def Log(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002
        """Keep a line."""
        self.logged.append(request)
        return empty_pb2.Empty()


@dataclass
class Talk:
    """A conversation with one provider process."""

    process: "subprocess.Popen[str]"
    stub: provider_pb2_grpc.ResourceProviderStub
    display: Display
    kind: str = "Image"
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8))

    @property
    def urn(self) -> str:
        """The URN of the resource talked about."""
        return f"urn:pulumi:dev::small::ekiben:index:{self.kind}::iris"

    def check(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The inputs with their defaults, and the failures by property."""
        request = provider_pb2.CheckRequest(urn=self.urn, news=struct(inputs))
        answer = self.stub.Check(request)
        return plain(answer.inputs), {f.property: f.reason for f in answer.failures}

    def diff(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Any:
        """What is different."""
        return self.stub.Diff(
            provider_pb2.DiffRequest(urn=self.urn, id="iris", olds=struct(olds), news=struct(news))
        )

    def create(self, inputs: Mapping[str, Any], *, preview: bool = False) -> Any:
        """The id and the outputs of a new resource."""
        request = provider_pb2.CreateRequest(
            urn=self.urn, properties=struct(inputs), preview=preview
        )
        return self.stub.Create(request, timeout=30)

    def create_later(self, inputs: Mapping[str, Any]) -> Any:
        """A future of `create`."""
        return self.threads.submit(self.create, inputs)

    def read(self, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        """The resource as a refresh finds it."""
        return self.stub.Read(
            provider_pb2.ReadRequest(
                urn=self.urn, id="iris", properties=struct(state), inputs=struct(inputs)
            )
        )


@contextmanager
def talking(
    kind: str, *, launcher: Path = LAUNCHER, working: Path | None = None, **environ: str
) -> Iterator[Talk]:
    """Start a provider and configure it; it is ended with its process group."""
    display = Display()
    engine = grpc.server(ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(display, engine)
    port = engine.add_insecure_port("127.0.0.1:0")
    engine.start()
    process = subprocess.Popen(
        [str(launcher), f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=working,
        env=os.environ | environ,
    )
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port_of(process)}", options=_OPTIONS) as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            stub.Configure(provider_pb2.ConfigureRequest())
            yield Talk(process, stub, display, kind)
    finally:
        process.terminate()
        process.wait(10)
        engine.stop(None)


def port_of(process: "subprocess.Popen[str]") -> int:
    """The port that a provider prints when it is up; it has 20 s to do so."""
    watchdog = threading.Timer(20, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        return int(process.stdout.readline())
    finally:
        watchdog.cancel()


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain values as the engine sends them."""
    return json_format.ParseDict(values, struct_pb2.Struct())


def plain(values: struct_pb2.Struct) -> dict[str, Any]:
    """What the engine reads from an answer."""
    found: dict[str, Any] = json_format.MessageToDict(values)
    return found
