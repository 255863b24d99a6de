"""AWS' protocols on the wire, both ways, by the service models that botocore ships.

moto has the machinery for every protocol of AWS (routing, parsing, writing); this uses it and adds
the checks: nothing unknown comes in, nothing that botocore's own parser would not read goes out.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.model import Shape, StructureShape
from botocore.parsers import create_parser
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from tests.aws.shapes import malformed, plain, problems, unread

Document = dict[str, Any]
"""Members of an input or an output, in AWS' spelling."""

BY_SIGNING_NAME = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}
"""botocore's name of a service, where requests are signed with another one."""

S3_CONTROL = "/v20180820/"

COMMON_ERRORS = {"ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown"}
"""Error codes that any operation may answer, whatever its model says."""

RPC_KEYS = {"Action", "Version"}


class Refusal(Exception):
    """An error that AWS would answer, by its code; `members` are further members of its shape."""

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        for name, value in members.items():
            setattr(self, name, value)


class Fault(Exception):
    """The fake itself is wrong: an answer, or a refusal, that AWS could not give."""


@dataclass(frozen=True)
class Call:
    """A request whose service and operation are known."""

    service: str
    region: str
    model: OperationModel
    protocol: str
    labels: Mapping[str, Any]
    """Members that stand in the URL."""
    request: Request

    @property
    def operation(self) -> str:
        return str(self.model.name)


@dataclass(frozen=True)
class Response:
    """What goes back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def signed_for(request: Request) -> tuple[str, str] | None:
    """Signing name and region, from the header or, for presigned requests, the query."""
    header = request.headers.get("Authorization", "")
    scope = header.partition("Credential=")[2].partition(",")[0]
    pieces = (scope or request.args.get("X-Amz-Credential", "")).split("/")
    return (pieces[3], pieces[2]) if len(pieces) == 5 else None


def recognised(request: Request) -> Call | None:
    """The call that a request makes; None where its service or operation has no model."""
    signed = signed_for(request)
    if signed is None:
        return None
    name, region = signed
    service = BY_SIGNING_NAME.get(name, name)
    if service == "s3" and request.path.startswith(S3_CONTROL):
        service = "s3control"
    try:
        model, labels = get_service_router(service).match(request)
        protocol = determine_request_protocol(_model_of(service), request.content_type)
    except (NotFound, NotImplementedError, ValueError, LookupError, OSError):
        return None
    return Call(service, region, model, protocol, labels, request)


@cache
def _model_of(service: str) -> ServiceModel:
    return get_service_model(service)


# --- in -------------------------------------------------------------------------------------------


def read(call: Call) -> Document:
    """The input of a call; refused as AWS would where its own model does not allow it."""
    request = call.request
    shape = call.model.input_shape
    parser = PROTOCOL_PARSERS[call.protocol](call.model)
    parsed: Document = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(cache=True),
            "url_path": request.path,
            "url_params": dict(call.labels),
        }
    )
    if shape is not None:
        wrong = [*problems(parsed, shape), *_unread(call, shape), *malformed(parsed, shape)]
        if wrong:
            raise Refusal(_complaint(call), "; ".join(wrong))
    return parsed


def _complaint(call: Call) -> str:
    codes = {shape.name for shape in call.model.error_shapes}
    wanted = ("InvalidParameterException", "ValidationException", "BadRequestException")
    return next((code for code in wanted if code in codes), "ValidationException")


def _unread(call: Call, shape: Shape) -> list[str]:
    """What was sent but has no place in the model: parsers drop it without a word."""
    if not isinstance(shape, StructureShape):
        return []
    if call.protocol in ("json", "rest-json"):
        body = call.request.get_data(cache=True)
        return unread(json.loads(body), shape) if body else []
    names = {_wire_name(member, name, call.protocol) for name, member in shape.members.items()}
    sent = {key.partition(".")[0] for key in call.request.form}
    return [f'unknown parameter "{key}"' for key in sorted(sent - names - RPC_KEYS)]


def _wire_name(member: Shape, name: str, protocol: str) -> str:
    wire = str(member.serialization.get("queryName") or member.serialization.get("name") or name)
    return wire[0].upper() + wire[1:] if protocol == "ec2" else wire


# --- out ------------------------------------------------------------------------------------------


def answered(call: Call, output: Document) -> Response:
    """An output as a response.

    Raises Fault where the model has no place for it, or botocore would read it otherwise.
    """
    shape = call.model.output_shape
    wrong = problems(output, shape) if shape is not None else [str(output)] if output else []
    if wrong:
        raise Fault(f"{call.operation} would not validate: {'; '.join(wrong)}")
    response = _written(call, output)
    seen = understood(call, response)
    if plain(seen) != plain(output):
        raise Fault(f"{call.operation} would be read as {plain(seen)}, not {plain(output)}")
    return response


def refused(call: Call, refusal: Refusal) -> Response:
    """An error as a response; a Fault where the operation has no such error."""
    shapes = call.model.error_shapes
    codes = {shape.name for shape in shapes} | {shape.error_code for shape in shapes}
    # Services of the query protocols mostly list no errors in their models.
    listed = call.protocol in ("json", "rest-json")
    if listed and refusal.code not in codes | COMMON_ERRORS | {"ValidationException"}:
        raise Fault(f"{call.operation} has no error {refusal.code} ({refusal})")
    return _written(call, refusal)


def broken(call: Call, status: int, reason: str) -> Response:
    """The fake's own failure, in the words of the service's protocol."""
    response = _written(call, Refusal("InternalFailure", reason))
    return Response(status, response.headers, response.body)


def signature_like(call: Call) -> str:
    """A header as signed requests have it; nobody checks signatures here."""
    name = next((n for n, service in BY_SIGNING_NAME.items() if service == call.service), None)
    scope = f"A/20261126/{call.region}/{name or call.service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def _written(call: Call, result: Document | Exception) -> Response:
    serializer = get_serializer_class(call.service, call.protocol)(operation_model=call.model)
    with warnings.catch_warnings():
        # Of errors that stand in no model: throttling, and the fake's own.
        warnings.simplefilter("ignore", UserWarning)
        written = serializer.serialize(result)
    body = written["body"]
    raw = body.encode() if isinstance(body, str) else body
    return Response(written["status_code"], dict(written["headers"]), raw)


def understood(call: Call, response: Response) -> Document:
    """What botocore reads out of a response."""
    wire = {
        "status_code": response.status,
        "headers": dict(response.headers),
        "body": response.body,
    }
    parsed: Document = create_parser(call.protocol).parse(wire, call.model.output_shape)
    return {key: value for key, value in parsed.items() if key != "ResponseMetadata"}


def error_in(call: Call, response: Response) -> Document:
    """Code and message that botocore reads out of an error."""
    wire = {"status_code": response.status, "headers": dict(response.headers)}
    parsed = create_parser(call.protocol).parse(
        {**wire, "body": response.body}, call.model.output_shape
    )
    error: Document = parsed.get("Error", {})
    return error
