"""The Kubernetes of a fake EKS: its API server, who may enter, and the nodes of its node groups.

    with kubernetes(folder, "dev") as there:
        there.aws              the fake AWS; its clusters have the endpoint and CA of `there.plane`
        there.plane            endpoint, CA file, and an administrator's kubeconfig for assertions
        there.caller()         the environment of whoever runs the engine and `ekiben token`
        there.user("carla")    another's
        objects(there.plane)   everything on the API server

Whatever the fake AWS holds of the cluster named, its API server has within a second.
"""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import httpx2
from lightkube import ApiError, Client
from lightkube.resources.core_v1 import Namespace

from local.cluster import api
from local.toolchain import ensure
from tests.aws.running import REGION, FakeAws, in_its_own_process
from tests.eks import access, nodes
from tests.eks.control_plane import ControlPlane, control_plane, prepare
from tests.eks.nodes import Nodes
from tests.eks.webhook import Authenticator, Server, webhook

KEY, SECRET = "A" * 20, "of-a-fake"
"""Credentials that no user of IAM has: moto knows their caller as the user `moto`."""

INTERVAL = 0.5
"""Seconds between looks at the fake AWS."""


@dataclass(frozen=True)
class Caller:
    """Somebody with credentials of AWS."""

    arn: str
    """Of the user or role that an access entry has to name."""

    environment: Mapping[str, str]
    """Where AWS's clients, the engine and `ekiben token` find them, and the fake AWS."""


@dataclass
class Kubernetes:
    """An API server in step with one cluster of a fake AWS."""

    aws: FakeAws
    plane: ControlPlane
    reviews: Server
    _client: Client
    _nodes: Nodes
    _bound: list[dict[str, Any]] = field(default_factory=list)
    _one_by_one: threading.Lock = field(default_factory=threading.Lock)

    @property
    def authenticator(self) -> Authenticator:
        return self.reviews.authenticator

    def serve(self, cluster: str, region: str = REGION) -> None:
        """Be this cluster from now on."""
        with self._one_by_one:
            self.authenticator.cluster, self.authenticator.region = cluster, region

    def caller(self) -> Caller:
        """Who runs the engine: with credentials of no user, moto's own."""
        sts = self.aws.client("sts", self.authenticator.region)
        return self._caller(sts.get_caller_identity()["Arn"], KEY, SECRET)

    def _caller(self, arn: str, key: str, secret: str, **more: str) -> Caller:
        self.authenticator.keys[key] = secret
        folders = [Path(sys.executable).parent, ensure(["kubectl"])["kubectl"].parent]
        environment = {
            "PATH": os.pathsep.join([*map(str, folders), os.environ["PATH"]]),
            "HOME": str(self.plane.folder),
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
        }
        return Caller(arn, environment | more)

    def user(self, name: str) -> Caller:
        """A new user of IAM."""
        iam = self.aws.client("iam")
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return self._caller(arn, key["AccessKeyId"], key["SecretAccessKey"])

    def session(self, role: str, name: str) -> Caller:
        """Somebody with a role, by its ARN."""
        sts = self.aws.client("sts")
        found = sts.assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
        key, secret, token = (
            found[each] for each in ("AccessKeyId", "SecretAccessKey", "SessionToken")
        )
        return self._caller(role, key, secret, AWS_SESSION_TOKEN=token)

    def sync(self) -> None:
        """Bring nodes and rights in step with the fake AWS, now."""
        with self._one_by_one:
            found = self.authenticator.described()
            region = self.authenticator.region
            self._nodes.match(nodes.wanted(region, found["node_groups"]))
            self._bind(found["entries"])

    def _bind(self, entries: list[dict[str, Any]]) -> None:
        wanted = access.in_namespaces(entries, self._namespaces())
        if wanted != self._bound:
            api.apply(self._client, wanted)
            self._bound = wanted

    def _namespaces(self) -> list[str]:
        """Those that are not about to go."""
        found = self._client.list(Namespace)
        active = [each for each in found if each.status and each.status.phase == "Active"]
        return [str(each.metadata and each.metadata.name) for each in active]


@contextmanager
def kubernetes(
    folder: Path, cluster: str, region: str = REGION, interval: float = INTERVAL
) -> Iterator[Kubernetes]:
    """Everything ends with the context."""
    at = prepare(folder)
    certificate, key = at.file("registry.crt"), at.file("registry.key")
    with in_its_own_process(at.endpoint, at.ca_file) as aws:
        authenticator = Authenticator(aws.url, cluster, region, {KEY: SECRET})
        with (
            webhook(authenticator, certificate, key) as reviews,
            control_plane(at, reviews.url) as plane,
        ):
            client = plane.client()
            api.apply(client, access.everywhere())
            there = Kubernetes(aws, plane, reviews, client, Nodes(client))
            with _kept(there, interval):
                yield there


@contextmanager
def _kept(there: Kubernetes, interval: float) -> Iterator[None]:
    """In step by itself while the context lasts; what fails is tried again."""
    over = threading.Event()

    def keep() -> None:
        while not over.wait(interval):
            try:
                there.sync()
            except (ApiError, httpx.HTTPError, httpx2.HTTPError) as error:
                print(f"not in step with the fake AWS: {error!r}", file=sys.stderr)

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
