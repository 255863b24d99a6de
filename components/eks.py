"""An EKS cluster: network, control plane, nodes, and the way in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pulumi
import pulumi_aws as aws

from ekiben.plan.eks.platform import PlatformPlan
from ekiben.plan.eks.upgrade import refusal

from .aws import Late, Part, PartArgs
from .token import token


class Network(Part):
    """The cluster's key and its VPC."""


class ControlPlane(Part):
    """The cluster itself, who may enter it, and what its nodes need to become ready."""


class NodeGroups(Part):
    """The nodes that are always there, and the add-ons that run on them."""


class Karpenter(Part):
    """What starts and ends the other nodes, as far as it is in AWS."""


class LoadBalancer(Part):
    """What stands before the gateway, and the names under which it is reached."""


KINDS = {
    "network": Network,
    "control-plane": ControlPlane,
    "nodes": NodeGroups,
    "karpenter": Karpenter,
    "balancer": LoadBalancer,
}


@dataclass(frozen=True, kw_only=True)
class EksClusterArgs:
    plan: PlatformPlan
    account: str | None
    """The only account that anything is made in, where the stack file names it."""


class EksCluster(pulumi.ComponentResource):
    """A cluster on AWS, with its network and machines."""

    late: Late

    def __init__(
        self, name: str, args: EksClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("EksCluster"), name, None, opts)
        plan = args.plan
        provider = aws.Provider(
            f"{name}-aws",
            aws.ProviderArgs(
                region=plan.home.region,
                allowed_account_ids=[args.account] if args.account else None,
                default_tags=aws.ProviderDefaultTagsArgs(tags=plan.tags),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.late = Late.of(
            *(each.properties for each in plan.resources.values()),
            plan.node_pools,
            account=_account(provider),
            hooks={"aws:eks/cluster:Cluster": _one_step_at_a_time()},
        )
        child = pulumi.ResourceOptions(parent=self, providers=[provider])
        for part, resources in plan.parts.items():
            KINDS[part](f"{name}-{part}", PartArgs(resources=resources, late=self.late), child)
        self.register_outputs({"name": plan.home.cluster})


def _one_step_at_a_time() -> pulumi.ResourceHookBinding:
    """Refuses, in a preview already, an upgrade that EKS would refuse later."""

    def look(args: pulumi.ResourceHookArgs) -> None:
        old, new = args.old_inputs or {}, args.new_inputs or {}
        reason = refusal(old.get("version", ""), new.get("version", ""))
        if reason:
            raise RuntimeError(f"{reason}. Nothing was changed.")

    hook = pulumi.ResourceHook(
        "one-version-at-a-time", look, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(before_update=[hook])


def _account(provider: aws.Provider) -> dict[str, Callable[[], pulumi.Output[str]]]:
    """Who the provider acts as; asked once, and only where something refers to it."""
    opts = pulumi.InvokeOutputOptions(provider=provider)

    @cache
    def identity() -> pulumi.Output[aws.GetCallerIdentityResult]:
        return aws.get_caller_identity_output(opts=opts)

    @cache
    def caller() -> pulumi.Output[str]:
        # A session's ARN names no principal; the role behind it does.
        session = aws.iam.get_session_context_output(arn=identity().arn, opts=opts)
        return session.issuer_arn

    return {"account": lambda: identity().account_id, "caller": caller}
