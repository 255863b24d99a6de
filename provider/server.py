"""Serving the engine over gRPC, and ending when the engine ends."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
import psutil
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from provider.plugin import VERSION, Ekiben
from provider.refusal import Refusal
from provider.row import Display

# How often to look whether the engine is still there.
_WATCH_SECONDS = 0.5
# How long work may take to end by itself before its processes are killed. The engine kills a
# plugin that has not ended 5 s after it was asked to.
_GRACE_SECONDS = 3.0

Behaviour = Callable[[Any, Any], Awaitable[Any]]


class PlainErrors(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Lets the text of a Refusal reach the user as it is.

    The SDK's servicer wraps every exception in a traceback, and gRPC reports that as `unknown`,
    which makes the engine doubt its state ("creation may have been interrupted"). Both codes
    used here tell it that nothing was made.
    """

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """Wrap the handler of each plain call."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        return grpc.unary_unary_rpc_method_handler(
            _explained(handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def explain(error: BaseException) -> tuple[grpc.StatusCode, str]:
    """The status code and the text for an error of a handler."""
    # The SDK's wrapper raises its own exception while it handles the one that counts.
    for one in (error, error.__context__):
        if isinstance(one, Refusal):
            return grpc.StatusCode.FAILED_PRECONDITION, str(one)
    trace = "".join(traceback.format_exception(error.__context__ or error))
    return grpc.StatusCode.ABORTED, f"a fault in the ekiben provider, please report it:\n{trace}"


async def serve(engine: str, root: Path) -> NoReturn:
    """Serve until the engine asks to end, or is gone; then end the process."""
    provider = Ekiben(root, Display.of(engine).row)
    server = grpc.aio.server(interceptors=[PlainErrors()], options=_GRPC_CHANNEL_OPTIONS)
    servicer = ProviderServicer([], VERSION, provider, engine_address=engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    # The engine reads the port from here; whatever else is printed it hides.
    print(port, flush=True)
    await _until_unneeded(int(os.environ.get("EKIBEN_ENGINE_PID") or os.getppid()))
    await provider.cancel()
    await server.stop(_GRACE_SECONDS)
    _end_children()
    # Not by returning: the interpreter would wait for threads that wait for those children.
    sys.stdout.flush()
    os._exit(0)


async def _until_unneeded(parent: int) -> None:
    """Return when a signal asks to end, or when the engine has died without asking."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, asked.set)
    while not asked.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(asked.wait(), _WATCH_SECONDS)
        except TimeoutError:
            continue


def _end_children() -> None:
    """Kill what builds have left running; they had their time to end by themselves."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue


def _explained(behaviour: Behaviour) -> Behaviour:
    async def explained(request: Any, context: Any) -> Any:
        try:
            return await behaviour(request, context)
        except (NotImplementedError, grpc.aio.AbortError):
            raise
        except Exception as error:
            await context.abort(*explain(error))

    return explained
