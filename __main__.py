"""The bill of materials that `pulumi preview|up|refresh|destroy -s <stack>` places."""

from pathlib import Path

import pulumi

from components import (
    ExistingCluster,
    ExistingClusterArgs,
    Gateway,
    GatewayArgs,
    Model,
    ModelArgs,
    Namespace,
    NamespaceArgs,
    end_quietly,
    settings,
)
from ekiben.access import access_to
from ekiben.plan import build
from ekiben.spec import SpecError, load
from local.cluster.layout import Layout
from local.cluster.machine import architecture

end_quietly()
try:
    spec = load(Path(__file__).parent, pulumi.get_stack(), settings(), architecture())
    access = access_to(spec.cluster, lambda name: Layout.of_user(name).result)
except SpecError as error:
    raise pulumi.RunError(f"\n{error}") from None
plan = build(spec, access.mirror, access.gateway_address)

cluster = ExistingCluster("cluster", ExistingClusterArgs(access=access)).cluster
inside = pulumi.ResourceOptions(providers=[cluster.provider])
ready: list[pulumi.Resource] = []
if plan.gateway:
    door = GatewayArgs(plan=plan.gateway, cluster=cluster)
    ready.append(Gateway("gateway", door, inside).ready)
team = NamespaceArgs(
    namespace=plan.namespace, service_account=plan.service_account, cluster=cluster
)
ready.append(Namespace("team", team, inside).ready)
for name, model in plan.models.items():
    Model(name, ModelArgs(plan=model, team=plan.team, cluster=cluster, after=ready), inside)

pulumi.export("urls", {name: access.url(m.path) for name, m in plan.models.items()})
pulumi.export("versions", {name: model.version for name, model in plan.models.items()})
