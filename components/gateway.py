"""The cluster's door."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from ekiben.plan.gateway import GatewayPlan

from .cluster import Cluster
from .kube import place
from .token import token


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    plan: GatewayPlan
    cluster: Cluster


class Gateway(pulumi.ComponentResource):
    """Envoy Gateway from its chart, its certificates, and the one Gateway that routes attach to."""

    ready: pulumi.Resource
    """What routes wait for."""

    def __init__(
        self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("Gateway"), name, None, opts)
        plan, ownership = args.plan, args.cluster.ownership
        child = pulumi.ResourceOptions(parent=self)
        namespace = place(f"{name}-namespace", plan.namespace, ownership, child, wait=True)
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        for role, manifest in plan.certgen.items():
            place(f"{name}-certgen-{role}", manifest, ownership, inside)
        chart = kubernetes.helm.v4.Chart(
            f"{name}-chart",
            kubernetes.helm.v4.ChartArgs(
                chart=plan.chart,
                version=plan.version if plan.chart.startswith("oci:") else None,
                name=plan.release,
                namespace=plan.release_namespace,
                values=dict(plan.values),
            ),
            inside,
        )
        placed = pulumi.ResourceOptions(parent=self, depends_on=[chart])
        objects = {
            role: place(f"{name}-{role}", manifest, ownership, placed)
            for role, manifest in plan.objects.items()
        }
        self.ready = objects["gateway"]
        self.register_outputs({"namespace": plan.release_namespace})
