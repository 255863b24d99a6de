"""From which Kubernetes version to which a cluster may go.

EKS takes one minor version at a time and never goes back
(https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html). Control plane, add-ons and
nodes follow in this order by what they refer to.
"""


def refusal(now: str, wanted: str) -> str | None:
    """Why a cluster at `now` cannot become `wanted`; None where it can."""
    old, new = _minor(now), _minor(wanted)
    if new < old:
        return f"the cluster is at Kubernetes {now} and cannot go back to {wanted}"
    if new > old + 1:
        return (
            f"the cluster is at Kubernetes {now} and goes up one minor version at a time;"
            f" set kubernetes to 1.{old + 1}, run `pulumi up`, and go on from there"
        )
    return None


def _minor(version: str) -> int:
    return int(version.partition(".")[2])
