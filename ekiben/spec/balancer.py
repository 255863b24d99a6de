"""The load balancer before a cluster on AWS: who reaches it, and under which name."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from .arns import ZONE_ID_PATTERN, Certificate
from .base import Spec
from .network import ClientCidr

DOMAIN_PATTERN = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$"


def _some(values: list[str]) -> list[str]:
    if not values:
        raise ValueError("names no network, so nobody could reach the gateway")
    return values


class LoadBalancer(Spec):
    """The way from clients to the gateway."""

    public: bool = False
    """Whether it has addresses on the Internet; else it is reached from inside the network."""

    source_cidrs: (
        Annotated[list[ClientCidr], Field(max_length=50), AfterValidator(_some)] | None
    ) = None
    """Networks that may connect; where silent the VPC's own, or everybody for a public one."""

    domain: Annotated[str, StringConstraints(pattern=DOMAIN_PATTERN, max_length=190)] | None = None
    """Name under which teams are reached: `https://<team>.<domain>/<model>`. Needs `zone` or
    `certificate`."""

    zone: Annotated[str, StringConstraints(pattern=ZONE_ID_PATTERN)] | None = None
    """Hosted zone of Route 53 that the domain's records go to, such as Z0123456789ABCDEFGHIJ."""

    certificate: Certificate | None = None
    """ARN of a certificate of ACM for `<domain>` and `*.<domain>`; where silent one is made, and
    proven through `zone`."""

    @model_validator(mode="after")
    def _whole(self) -> "LoadBalancer":
        if self.domain is None and (self.zone or self.certificate):
            raise ValueError("gives a zone or a certificate without the domain they are for")
        if self.public and self.domain is None:
            raise ValueError(
                "is public without a domain: without a certificate requests would go over the"
                " Internet unencrypted; give it a domain, or leave it inside the network"
            )
        if self.domain and not (self.zone or self.certificate):
            raise ValueError(
                f"has the domain {self.domain} and no way to a certificate for it; give the zone of"
                " Route 53 that it is in, or the certificate"
            )
        return self
