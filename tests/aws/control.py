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
| GET /ekiben/lacks | the table of what moto lacks |
"""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.core.request import Request
from werkzeug.wrappers import Response

from tests.aws.lacks import LACKS
from tests.aws.left import left

if TYPE_CHECKING:
    from tests.aws.front import Front


def answer(front: "Front", request: Request) -> Response:
    body = json.loads(request.get_data() or b"{}")
    asked = (request.method, request.path.removeprefix("/ekiben/"))
    try:
        return _json(_answered(front, asked, request.args.to_dict(), body, request.host_url))
    except LookupError as unknown:
        return _json({"unknown": str(unknown)}, 404)


def _answered(
    front: "Front", asked: tuple[str, str], query: dict[str, str], body: Any, url: str
) -> Any:
    match asked:
        case ("GET", "ready"):
            return {}
        case ("GET", "calls"):
            return front.log.as_data(int(query.get("since", 0)))
        case ("DELETE", "calls"):
            front.log.entries.clear()
        case ("DELETE", "places"):
            front.places.clear()
        case ("POST", "throttle"):
            services = frozenset(body.get("services", []))
            front.throttle.set(body["share"], body.get("seed", 0), services)
        case ("POST", "pace"):
            front.settings = replace(front.settings, polls=body["polls"])
            for place in front.places.values():
                place.settings = front.settings
        case ("GET", "left"):
            return left(url, query.get("region", "us-east-1"))
        case ("GET", "lacks"):
            return [{"call": f"{r.service}:{r.operation}", "why": r.why} for r in LACKS]
        case _:
            raise LookupError(asked)
    return {}


def _json(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data, default=str), status, content_type="application/json")
