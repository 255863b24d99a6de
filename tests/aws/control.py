"""What tests ask of the fake itself, under /ekiben/.

| Request | Does |
|---|---|
| GET /ekiben/ready | answers once the server does |
| GET /ekiben/calls?since=N | the log of calls after number N |
| DELETE /ekiben/calls | forgets them |
| DELETE /ekiben/places | forgets what moto does not keep: EKS and the like |
| POST /ekiben/throttle | `{"share": 0.2, "seed": 1, "services": [...]}`; share 0 ends it |
| POST /ekiben/pace | `{"polls": N}`: how many looks at a cluster a change of its takes |
| GET /ekiben/left?region=R | ids of all resources that are there, by kind |
| GET /ekiben/eks?region=R | EKS clusters with their entries and node groups: `eks/inside.py` |
| GET /ekiben/lacks | the table of what moto lacks |
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moto.core.request import Request
from werkzeug.wrappers import Response

from tests.aws.lacks import LACKS
from tests.aws.left import left

if TYPE_CHECKING:
    from tests.aws.front import Front


@dataclass(frozen=True)
class Asked:
    """A request to the fake itself."""

    front: "Front"
    query: Mapping[str, str]
    body: Mapping[str, Any]
    url: str
    """Where the server is."""


def _ready(asked: Asked) -> Any:  # noqa: ARG001
    return {}


def _calls(asked: Asked) -> Any:
    return asked.front.log.as_data(int(asked.query.get("since", 0)))


def _forget_calls(asked: Asked) -> Any:
    asked.front.log.entries.clear()


def _forget_places(asked: Asked) -> Any:
    asked.front.places.clear()


def _throttle(asked: Asked) -> Any:
    services = frozenset(asked.body.get("services", []))
    asked.front.throttle.set(asked.body["share"], asked.body.get("seed", 0), services)


def _pace(asked: Asked) -> Any:
    front = asked.front
    front.settings = replace(front.settings, polls=asked.body["polls"])
    for place in front.places.values():
        place.settings = front.settings


def _left(asked: Asked) -> Any:
    return left(asked.url, asked.query.get("region", "us-east-1"))


def _eks(asked: Asked) -> Any:
    return asked.front.clusters(asked.query.get("region", "us-east-1"))


def _lacks(asked: Asked) -> Any:  # noqa: ARG001
    return [{"call": f"{row.service}:{row.operation}", "why": row.why} for row in LACKS]


ANSWERS: Mapping[tuple[str, str], Callable[[Asked], Any]] = {
    ("GET", "ready"): _ready,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _forget_calls,
    ("DELETE", "places"): _forget_places,
    ("POST", "throttle"): _throttle,
    ("POST", "pace"): _pace,
    ("GET", "left"): _left,
    ("GET", "eks"): _eks,
    ("GET", "lacks"): _lacks,
}


def answer(front: "Front", request: Request) -> Response:
    """The answer to a request under /ekiben/."""
    found = ANSWERS.get((request.method, request.path.removeprefix("/ekiben/")))
    if found is None:
        return _json({"unknown": request.path}, 404)
    body = json.loads(request.get_data() or b"{}")
    return _json(found(Asked(front, request.args.to_dict(), body, request.host_url)))


def _json(data: Any, status: int = 200) -> Response:
    text = json.dumps(data, default=str)
    return Response(text, status, content_type="application/json")
