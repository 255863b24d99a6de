"""Throttling at random, as AWS does it to those who ask too much."""

import random
from dataclasses import dataclass, field

from tests.aws import wire
from tests.aws.left import UNCOUNTED
from tests.aws.wire import Call, Refusal, Response

CODES = {"ec2": "RequestLimitExceeded", "s3": "SlowDown"}
BY_PROTOCOL = {"query": "Throttling", "rest-xml": "Throttling"}
STATUS = {"RequestLimitExceeded": 503, "SlowDown": 503, "Throttling": 400}
"""HTTP status by code; where the code is a service's own, its model has it."""


@dataclass
class Throttle:
    """Takes a share of calls at random; with one seed always the same ones."""

    share: float = 0.0
    services: frozenset[str] = frozenset()
    """Only these; all where empty."""

    _dice: random.Random = field(default_factory=lambda: random.Random(0))

    def set(self, share: float, seed: int, services: frozenset[str]) -> None:
        self.share, self.services = share, services
        self._dice = random.Random(seed)

    def takes(self, call: Call) -> bool:
        """Whether this call is throttled."""
        chosen = not self.services or call.service in self.services
        exempt = UNCOUNTED in call.request.headers.get("User-Agent", "")
        return bool(self.share) and chosen and not exempt and self._dice.random() < self.share


def throttled(call: Call) -> Response:
    """The refusal of a service that is asked too often, as that service words it."""
    code = CODES.get(call.service) or BY_PROTOCOL.get(call.protocol, "ThrottlingException")
    response = wire.refused(call, Refusal(code, "Rate exceeded"))
    return Response(STATUS.get(code, response.status), response.headers, response.body)
