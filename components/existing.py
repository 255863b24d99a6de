"""A cluster that is there already: the way in, and where its images come from."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from ekiben.access import Access

from .cluster import Cluster, Registry
from .ownership import Ownership
from .token import token


@dataclass(frozen=True, kw_only=True)
class ExistingClusterArgs:
    access: Access


class ExistingCluster(pulumi.ComponentResource):
    """A cluster that nothing is made of here; `cluster` is what is placed on it."""

    cluster: Cluster

    def __init__(
        self, name: str, args: ExistingClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("ExistingCluster"), name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        access = args.access
        provider = kubernetes.Provider(
            f"{name}-kubernetes",
            kubernetes.ProviderArgs(
                kubeconfig=access.kubeconfig,
                context=access.context,
                enable_server_side_apply=True,
                upsert_existing_objects=True,
                kube_client_settings=kubernetes.KubeClientSettingsArgs(qps=120, burst=240),
            ),
            child,
        )
        self.cluster = Cluster(
            provider=provider,
            ownership=Ownership(provider, access.kubeconfig, access.context),
            kubeconfig=access.kubeconfig,
            context=access.context,
            registry=Registry(
                address=access.registry,
                endpoint=access.registry_endpoint,
                ca_file=access.registry_ca_file,
                auth_file=access.registry_auth_file,
            ),
        )
        self.register_outputs({"registry": access.registry})
