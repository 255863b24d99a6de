"""Access entries, access policies and pod identities, as boto3 sees them."""

from typing import Any

import pytest

from tests.aws.running import ACCOUNT, FakeAws
from tests.aws.things import POLICY, Surroundings, refusal

pytestmark = pytest.mark.fake

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


@pytest.fixture
def eks(aws: FakeAws, around: Surroundings) -> Any:
    """EKS with the cluster `dev`."""
    client = aws.client("eks")
    client.create_cluster(**around.cluster())
    return client


def test_an_entry_comes_back(eks: Any, around: Surroundings) -> None:
    entry = {"principalArn": around.pod_role, "kubernetesGroups": ["team"], "tags": {"a": "1"}}
    eks.create_access_entry(clusterName="dev", **entry)
    found = eks.describe_access_entry(clusterName="dev", principalArn=around.pod_role)
    assert entry.items() <= found["accessEntry"].items()
    assert found["accessEntry"]["type"] == "STANDARD"
    assert found["accessEntry"]["username"].endswith("assumed-role/pod/{{SessionName}}")
    assert eks.list_access_entries(clusterName="dev")["accessEntries"] == [around.pod_role]


def test_an_entry_changes_its_groups(eks: Any) -> None:
    eks.create_access_entry(clusterName="dev", principalArn=ALICE)
    eks.update_access_entry(clusterName="dev", principalArn=ALICE, kubernetesGroups=["a"])
    found = eks.describe_access_entry(clusterName="dev", principalArn=ALICE)["accessEntry"]
    assert (found["kubernetesGroups"], found["username"]) == (["a"], ALICE)


def test_nobody_has_two_entries(eks: Any) -> None:
    eks.create_access_entry(clusterName="dev", principalArn=ALICE)
    said = refusal(eks.create_access_entry, clusterName="dev", principalArn=ALICE)
    assert said.startswith("ResourceInUseException")


@pytest.mark.parametrize(
    "principal",
    [f"arn:aws:sts::{ACCOUNT}:assumed-role/x/y", f"arn:aws:iam::{ACCOUNT}:role/absent", "alice"],
)
def test_an_entry_names_a_user_or_role_of_iam(eks: Any, principal: str) -> None:
    said = refusal(eks.create_access_entry, clusterName="dev", principalArn=principal)
    assert "invalid principal" in said


def test_entries_of_nodes_take_no_groups(eks: Any, around: Surroundings) -> None:
    request = {"clusterName": "dev", "principalArn": around.node_role, "type": "EC2_LINUX"}
    assert "neither groups" in refusal(eks.create_access_entry, **request, kubernetesGroups=["a"])
    made = eks.create_access_entry(**request)["accessEntry"]
    assert made["kubernetesGroups"] == ["system:nodes"]
    rights = {"policyArn": POLICY, "accessScope": {"type": "cluster"}}
    del request["type"]
    said = refusal(eks.associate_access_policy, **request, **rights)
    assert "EC2_LINUX" in said


def test_a_policy_is_associated_listed_and_taken_back(eks: Any) -> None:
    eks.create_access_entry(clusterName="dev", principalArn=ALICE)
    who = {"clusterName": "dev", "principalArn": ALICE}
    scope = {"type": "namespace", "namespaces": ["vision"]}
    eks.associate_access_policy(**who, policyArn=POLICY, accessScope=scope)
    [found] = eks.list_associated_access_policies(**who)["associatedAccessPolicies"]
    assert (found["policyArn"], found["accessScope"]) == (POLICY, scope)
    eks.disassociate_access_policy(**who, policyArn=POLICY)
    assert eks.list_associated_access_policies(**who)["associatedAccessPolicies"] == []
    said = refusal(eks.disassociate_access_policy, **who, policyArn=POLICY)
    assert said.startswith("ResourceNotFoundException")


def test_a_policy_needs_an_entry_and_has_to_be_one_of_eks(eks: Any) -> None:
    who = {"clusterName": "dev", "principalArn": ALICE, "accessScope": {"type": "cluster"}}
    assert "could not be found" in refusal(eks.associate_access_policy, **who, policyArn=POLICY)
    eks.create_access_entry(clusterName="dev", principalArn=ALICE)
    wrong = POLICY.replace("View", "Peek")
    assert "not valid" in refusal(eks.associate_access_policy, **who, policyArn=wrong)


def test_a_scope_of_namespaces_names_some(eks: Any) -> None:
    eks.create_access_entry(clusterName="dev", principalArn=ALICE)
    request = {"clusterName": "dev", "principalArn": ALICE, "policyArn": POLICY}
    scope = {"type": "namespace", "namespaces": []}
    said = refusal(eks.associate_access_policy, **request, accessScope=scope)
    assert "Namespaces" in said


def test_rights_go_with_the_entry(eks: Any) -> None:
    who = {"clusterName": "dev", "principalArn": ALICE}
    eks.create_access_entry(**who)
    eks.associate_access_policy(**who, policyArn=POLICY, accessScope={"type": "cluster"})
    eks.delete_access_entry(**who)
    eks.create_access_entry(**who)
    assert eks.list_associated_access_policies(**who)["associatedAccessPolicies"] == []


def test_the_creator_is_admin_only_where_asked(
    aws: FakeAws, around: Surroundings, eks: Any
) -> None:
    assert eks.list_access_entries(clusterName="dev")["accessEntries"] == []
    access = {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": True}
    eks.create_cluster(**around.cluster(name="open", accessConfig=access))
    caller = aws.client("sts").get_caller_identity()["Arn"]
    assert eks.list_access_entries(clusterName="open")["accessEntries"] == [caller]


def test_a_pod_identity_comes_back_and_changes(eks: Any, around: Surroundings) -> None:
    who = {"namespace": "vision", "serviceAccount": "iris"}
    request = {"clusterName": "dev", "roleArn": around.pod_role, "tags": {"a": "1"}, **who}
    made = eks.create_pod_identity_association(**request)["association"]
    named = {"clusterName": "dev", "associationId": made["associationId"]}
    found = eks.describe_pod_identity_association(**named)["association"]
    assert request.items() <= found.items()
    eks.update_pod_identity_association(**named, disableSessionTags=True)
    found = eks.describe_pod_identity_association(**named)["association"]
    assert found["disableSessionTags"] is True
    listed = eks.list_pod_identity_associations(clusterName="dev", namespace="vision")
    assert [each["serviceAccount"] for each in listed["associations"]] == ["iris"]
    said = refusal(eks.create_pod_identity_association, **request)
    assert said.startswith("ResourceInUseException")
    eks.delete_pod_identity_association(**named)
    assert eks.list_pod_identity_associations(clusterName="dev")["associations"] == []


def test_the_role_of_a_pod_trusts_pod_identity(eks: Any, around: Surroundings) -> None:
    request = {"clusterName": "dev", "namespace": "vision", "serviceAccount": "iris"}
    said = refusal(eks.create_pod_identity_association, **request, roleArn=around.node_role)
    assert "pods.eks.amazonaws.com" in said
    absent = f"arn:aws:iam::{ACCOUNT}:role/absent"
    said = refusal(eks.create_pod_identity_association, **request, roleArn=absent)
    assert "Role provided in the request does not exist" in said
