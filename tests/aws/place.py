"""What the fake keeps beside moto's own state, by region."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.utilities.utils import get_partition

from tests.aws.wire import Document, Refusal


@dataclass(frozen=True)
class Settings:
    """What the server was started with."""

    eks_endpoint: str
    eks_ca: str
    """PEM of the API server's authority, in base64, as EKS gives it."""

    polls: int = 0
    """How many looks at a cluster any change of its takes; 0 is at once."""


@dataclass
class Cluster:
    """An EKS cluster with all that hangs on it; the records are as EKS describes them."""

    record: Document
    creator_is_admin: bool = False
    own_addons: bool = False
    """Whether EKS put its unmanaged copies of the CNI, kube-proxy and CoreDNS in."""

    node_groups: dict[str, Document] = field(default_factory=dict)
    addons: dict[str, Document] = field(default_factory=dict)
    entries: dict[str, Document] = field(default_factory=dict)
    policies: dict[tuple[str, str], Document] = field(default_factory=dict)
    """Associated access policies, by principal and policy."""

    associations: dict[str, Document] = field(default_factory=dict)
    updates: dict[str, tuple[Document, str]] = field(default_factory=dict)
    """By id; with the node group or add-on that each is of, or ''."""

    looks: dict[str, int] = field(default_factory=dict)
    """How often a node group was looked at that cannot start."""

    _moves: list[tuple[int, Callable[[], object]]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.record["name"])

    def later(self, looks: int, finish: Callable[[], object]) -> None:
        """Do it after so many looks."""
        self._moves.append((looks, finish))
        self._run()

    def look(self) -> None:
        """Time passes: what is under way is one look nearer to its end."""
        self._moves = [(left - 1, finish) for left, finish in self._moves]
        self._run()

    def _run(self) -> None:
        due = [finish for left, finish in self._moves if left <= 0]
        self._moves = [move for move in self._moves if move[0] > 0]
        for finish in due:
            finish()


@dataclass
class Place:
    """One account in one region."""

    account: str
    region: str
    settings: Settings
    clusters: dict[str, Cluster] = field(default_factory=dict)
    _shelves: dict[str, dict[str, Document]] = field(default_factory=dict)

    @property
    def partition(self) -> str:
        """`aws`, or what China and the US government have instead."""
        return get_partition(self.region)

    def arn(self, service: str, path: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{path}"

    def iam(self, path: str) -> str:
        """ARN of something in IAM, which has no regions."""
        return f"arn:{self.partition}:iam::{self.account}:{path}"

    def shelf(self, kind: str) -> dict[str, Document]:
        """What is kept of one kind, by name."""
        return self._shelves.setdefault(kind, {})

    def cluster(self, name: str) -> Cluster:
        """A cluster; every request for one is a look at it."""
        found = self.clusters.get(name)
        if found:
            found.look()
        if name not in self.clusters:
            raise Refusal("ResourceNotFoundException", f"No cluster found for name: {name}.")
        return self.clusters[name]


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def fresh_id() -> str:
    return str(uuid.uuid4())
