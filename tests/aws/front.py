"""The fake AWS as one WSGI application: our answers first, moto's for all the rest."""

import logging
import os
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from threading import RLock
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response as HttpResponse

from tests.aws import control, wire
from tests.aws.eks import inside
from tests.aws.lacks import BY_CALL
from tests.aws.left import UNCOUNTED
from tests.aws.log import Entry, Log
from tests.aws.place import Place, Settings
from tests.aws.rows import Row
from tests.aws.throttle import Throttle, throttled
from tests.aws.wire import Call, Document, Fault, Refusal, Response

Environ = dict[str, Any]
Start = Callable[..., Any]

LOG = logging.getLogger("tests.aws")


@dataclass
class Front:
    """What answers a request, and all that it remembers."""

    settings: Settings
    rows: Mapping[tuple[str, str], Row] = field(default_factory=lambda: BY_CALL)
    places: dict[str, Place] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    throttle: Throttle = field(default_factory=Throttle)
    _moto: DomainDispatcherApplication = field(
        default_factory=lambda: DomainDispatcherApplication(create_backend_app)
    )
    _one_by_one: RLock = field(default_factory=RLock)
    """moto's state is not made for threads."""

    def __post_init__(self) -> None:
        # moto reads it when IAM is first asked.
        os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        request = Request(environ)
        # Both read the body: the fake to know the call, moto to answer it.
        body = request.get_data(cache=True)
        environ["wsgi.input"] = BytesIO(body)
        if request.path.startswith("/ekiben/"):
            return control.answer(self, request)(environ, start)
        if request.path == "/moto-api/reset":
            self.places.clear()
        call = wire.recognised(request)
        with self._one_by_one:
            response, entry = self._answer(call, environ)
        if call is None or UNCOUNTED not in request.headers.get("User-Agent", ""):
            self.log.add(entry)
        http = HttpResponse(response.body, response.status, dict(response.headers))
        return http(environ, start)

    def place(self, region: str) -> Place:
        """What is known of a region."""
        return self.places.setdefault(region, Place(DEFAULT_ACCOUNT_ID, region, self.settings))

    def clusters(self, region: str) -> Document:
        """EKS clusters of a region, by name."""
        with self._one_by_one:
            return inside.clusters(self.place(region))

    def _answer(self, call: Call | None, environ: Environ) -> tuple[Response, Entry]:
        if call is None:
            return self._unrecognised(environ)
        if "HTTP_AUTHORIZATION" not in environ and call.service != "s3":
            # moto finds the service of a presigned request by this header only.
            environ["HTTP_AUTHORIZATION"] = wire.signature_like(call)
        row = self.rows.get((call.service, call.operation))
        entry = Entry.of(call, by="ekiben" if row else "moto")
        try:
            if self.throttle.takes(call):
                entry.throttled = True
                response = throttled(call)
            elif row:
                response = self._ours(call, row, environ, entry)
            else:
                response = self._of_moto(environ)
        except Fault as fault:
            entry.fault = str(fault)
            LOG.error("%s %s: %s", call.service, call.operation, fault)
            response = wire.broken(call, 500, str(fault))
        except Exception as error:
            entry.fault = repr(error)
            LOG.error("%s %s\n%s", call.service, call.operation, traceback.format_exc())
            # 501 is not tried again by clients: what moto does not know, it will not know later.
            unknown = isinstance(error, NotImplementedError)
            response = wire.broken(call, 501 if unknown else 500, repr(error))
        entry.status = response.status
        if response.status >= 400 and not entry.fault:
            entry.error = _said(call, response)
        return response, entry

    def _unrecognised(self, environ: Environ) -> tuple[Response, Entry]:
        entry = Entry.unknown(environ["PATH_INFO"])
        try:
            response = self._of_moto(environ)
        except Exception as error:
            entry.fault = repr(error)
            LOG.error("%s\n%s", entry.operation, traceback.format_exc())
            response = Response(501, {"Content-Type": "text/plain"}, entry.fault.encode())
        entry.status = response.status
        return response, entry

    def _ours(self, call: Call, row: Row, environ: Environ, entry: Entry) -> Response:
        place = self.place(call.region)
        try:
            given = wire.read(call)
            entry.given = given
            output = row.answer(place, given) if row.answer else None
            if output is not None:
                return wire.answered(call, output)
            if row.guard:
                row.guard(place, given)
            response = self._of_moto(environ)
            if row.amend and response.status < 300:
                better = row.amend(place, given, wire.understood(call, response))
                return wire.answered(call, better)
        except Refusal as refusal:
            return wire.refused(call, refusal)
        return response

    def _of_moto(self, environ: Environ) -> Response:
        environ["wsgi.input"].seek(0)
        response = HttpResponse.from_app(self._moto, environ, buffered=True)
        # S3's own 404 to a HEAD has neither body nor type.
        asked = environ["REQUEST_METHOD"] != "HEAD"
        if asked and response.status_code == 404 and response.mimetype == "text/html":
            raise NotImplementedError(f"moto has no answer at {environ['PATH_INFO']}")
        return Response(response.status_code, dict(response.headers), response.get_data())


def _said(call: Call, response: Response) -> str:
    """Code and message of an error, as botocore reads them."""
    try:
        error = wire.error_in(call, response)
    except Exception:
        return response.body.decode(errors="replace")[:500]
    return f"{error.get('Code')}: {error.get('Message')}"
