"""What moto's EKS lacks. Fargate and identity providers, which Ekiben does not use, are moto's."""

from tests.aws.eks import access, addons, clusters, node_groups, pod_identity, tags, updates
from tests.aws.rows import Row, rows

ABSENT = "moto has no such call"
DROPS_CLUSTER = (
    "moto drops accessConfig, computeConfig, upgradePolicy, zonalShiftConfig, deletionProtection, "
    "controlPlaneScalingConfig, VPC and security group, and clusters have no API server"
)
DROPS_GROUP = (
    "moto drops updateConfig, nodeRepairConfig and the launch template's version, and accepts "
    "types, sizes and roles that EKS refuses"
)

LACKS: list[Row] = [
    *rows(
        "eks",
        DROPS_CLUSTER,
        create_cluster=clusters.create_cluster,
        describe_cluster=clusters.describe_cluster,
        list_clusters=clusters.list_clusters,
        delete_cluster=clusters.delete_cluster,
    ),
    *rows(
        "eks",
        "moto answers with the cluster, where EKS answers with an update to wait for",
        update_cluster_config=clusters.update_cluster_config,
    ),
    *rows(
        "eks",
        ABSENT,
        update_cluster_version=clusters.update_cluster_version,
        associate_encryption_config=clusters.associate_encryption_config,
        describe_update=updates.describe_update,
        list_updates=updates.list_updates,
        describe_cluster_versions=addons.describe_cluster_versions,
    ),
    *rows(
        "eks",
        DROPS_GROUP,
        create_nodegroup=node_groups.create_nodegroup,
        describe_nodegroup=node_groups.describe_nodegroup,
        list_nodegroups=node_groups.list_nodegroups,
        delete_nodegroup=node_groups.delete_nodegroup,
        update_nodegroup_config=node_groups.update_nodegroup_config,
    ),
    *rows(
        "eks",
        ABSENT,
        update_nodegroup_version=node_groups.update_nodegroup_version,
        create_access_entry=access.create_access_entry,
        describe_access_entry=access.describe_access_entry,
        update_access_entry=access.update_access_entry,
        delete_access_entry=access.delete_access_entry,
        list_access_entries=access.list_access_entries,
        list_access_policies=access.list_access_policies,
        associate_access_policy=access.associate_access_policy,
        disassociate_access_policy=access.disassociate_access_policy,
        list_associated_access_policies=access.list_associated_access_policies,
        create_addon=addons.create_addon,
        describe_addon=addons.describe_addon,
        update_addon=addons.update_addon,
        delete_addon=addons.delete_addon,
        list_addons=addons.list_addons,
        describe_addon_versions=addons.describe_addon_versions,
        describe_addon_configuration=addons.describe_addon_configuration,
        create_pod_identity_association=pod_identity.create_pod_identity_association,
        describe_pod_identity_association=pod_identity.describe_pod_identity_association,
        update_pod_identity_association=pod_identity.update_pod_identity_association,
        delete_pod_identity_association=pod_identity.delete_pod_identity_association,
        list_pod_identity_associations=pod_identity.list_pod_identity_associations,
    ),
    *rows(
        "eks",
        "moto looks for tags in its own state only",
        tag_resource=tags.tag_resource,
        untag_resource=tags.untag_resource,
        list_tags_for_resource=tags.list_tags_for_resource,
    ),
]
