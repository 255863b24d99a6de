"""Load balancers, certificates, ECR, images, identity, keys, logs and budgets."""

import json
from typing import Any

import pytest

from tests.aws.running import ACCOUNT, FakeAws
from tests.aws.things import Surroundings, refusal

pytestmark = pytest.mark.fake


def network_balancer(elb: Any, around: Surroundings, name: str) -> dict[str, Any]:
    made = elb.create_load_balancer(
        Name=name, Type="network", Scheme="internal", Subnets=around.subnets, Tags=TAGS
    )
    found: dict[str, Any] = made["LoadBalancers"][0]
    return found


TAGS = [{"Key": "a", "Value": "1"}]


def test_a_network_load_balancer_has_an_arn_of_its_own(aws: FakeAws, around: Surroundings) -> None:
    elb = aws.client("elbv2")
    arn = network_balancer(elb, around, "plain")["LoadBalancerArn"]
    assert ":loadbalancer/net/plain/" in arn
    [described] = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    assert (described["Type"], described["State"]["Code"]) == ("network", "active")
    [tagged] = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert tagged["Tags"] == TAGS
    listener = elb.create_listener(
        LoadBalancerArn=arn,
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group(elb, around, "plain")}],
    )["Listeners"][0]["ListenerArn"]
    assert ":listener/net/plain/" in listener


def target_group(elb: Any, around: Surroundings, name: str) -> str:
    made = elb.create_target_group(
        Name=name, Protocol="TCP", Port=8080, VpcId=around.vpc, TargetType="ip"
    )
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def test_two_load_balancers_have_two_names(aws: FakeAws, around: Surroundings) -> None:
    elb = aws.client("elbv2")
    network_balancer(elb, around, "twice")
    request = {"Name": "twice", "Type": "network", "Subnets": around.subnets}
    assert refusal(elb.create_load_balancer, **request).startswith("DuplicateLoadBalancerName")


def test_a_protected_load_balancer_stays_with_its_interfaces(
    aws: FakeAws, around: Surroundings
) -> None:
    elb, ec2 = aws.client("elbv2"), aws.client("ec2")
    arn = network_balancer(elb, around, "kept")["LoadBalancerArn"]
    wanted = {"LoadBalancerArn": arn}
    protection = {"Key": "deletion_protection.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(**wanted, Attributes=[protection])
    assert refusal(elb.delete_load_balancer, **wanted).startswith("OperationNotPermitted")
    ours = [{"Name": "description", "Values": [f"ELB {arn.partition('loadbalancer/')[2]}"]}]
    assert len(ec2.describe_network_interfaces(Filters=ours)["NetworkInterfaces"]) == 2
    elb.modify_load_balancer_attributes(**wanted, Attributes=[protection | {"Value": "false"}])
    elb.delete_load_balancer(**wanted)
    assert ec2.describe_network_interfaces(Filters=ours)["NetworkInterfaces"] == []


def test_targets_of_a_network_load_balancer(aws: FakeAws, around: Surroundings) -> None:
    elb = aws.client("elbv2")
    named = {"TargetGroupArn": target_group(elb, around, "attributes")}
    wanted = {"Key": "preserve_client_ip.enabled", "Value": "true"}
    elb.modify_target_group_attributes(**named, Attributes=[wanted])
    found = elb.describe_target_group_attributes(**named)["Attributes"]
    assert wanted in found
    assert {"Key": "proxy_protocol_v2.enabled", "Value": "false"} in found


def test_a_certificate_is_issued_when_its_record_is_in_dns(
    aws: FakeAws, around: Surroundings
) -> None:
    acm, dns, elb = aws.client("acm"), aws.client("route53"), aws.client("elbv2")
    zone = dns.create_hosted_zone(Name="example.com", CallerReference="c")["HostedZone"]["Id"]
    request = {"DomainName": "*.example.com", "ValidationMethod": "DNS"}
    named = {"CertificateArn": acm.request_certificate(**request)["CertificateArn"]}
    found = acm.describe_certificate(**named)["Certificate"]
    assert found["Status"] == "PENDING_VALIDATION"
    listed = {"CertificateStatuses": ["ISSUED"]}
    assert acm.list_certificates(**listed)["CertificateSummaryList"] == []
    listener = {
        "LoadBalancerArn": network_balancer(elb, around, "tls")["LoadBalancerArn"],
        "Protocol": "TLS",
        "Port": 443,
        "Certificates": [named],
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": target_group(elb, around, "tls")}],
    }
    assert refusal(elb.create_listener, **listener).startswith("UnsupportedCertificate")
    record = found["DomainValidationOptions"][0]["ResourceRecord"]
    entry = {
        "Name": record["Name"],
        "Type": record["Type"],
        "TTL": 60,
        "ResourceRecords": [{"Value": record["Value"]}],
    }
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": entry}]}
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    found = acm.describe_certificate(**named)["Certificate"]
    assert found["Status"] == "ISSUED"
    assert found["DomainValidationOptions"][0]["ValidationStatus"] == "SUCCESS"
    assert len(acm.list_certificates(**listed)["CertificateSummaryList"]) == 1
    elb.create_listener(**listener)


def test_a_pull_through_cache_rule_comes_back(aws: FakeAws) -> None:
    ecr = aws.client("ecr")
    rule = {"ecrRepositoryPrefix": "k8s", "upstreamRegistryUrl": "registry.k8s.io"}
    ecr.create_pull_through_cache_rule(**rule)
    [found] = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    assert rule.items() <= found.items()
    hub = {"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"}
    assert "credentialArn" in refusal(ecr.create_pull_through_cache_rule, **hub)
    ecr.delete_pull_through_cache_rule(ecrRepositoryPrefix="k8s")
    said = refusal(ecr.describe_pull_through_cache_rules, ecrRepositoryPrefixes=["k8s"])
    assert said.startswith("PullThroughCacheRuleNotFoundException")


AMI = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023"


@pytest.mark.parametrize("kind", ["x86_64/standard", "x86_64/nvidia", "arm64/standard"])
def test_images_of_nodes_are_public_parameters(aws: FakeAws, kind: str) -> None:
    ssm = aws.client("ssm")
    whole = ssm.get_parameter(Name=f"{AMI}/{kind}/recommended")["Parameter"]["Value"]
    part = ssm.get_parameter(Name=f"{AMI}/{kind}/recommended/image_id")["Parameter"]["Value"]
    assert part.startswith("ami-")
    assert json.loads(whole)["image_id"] == part


def test_other_parameters_are_the_accounts_own(aws: FakeAws) -> None:
    ssm = aws.client("ssm")
    for absent in (f"{AMI}/arm64/neuron/recommended/image_id", f"{AMI}/x86_64/gpu", "/mine"):
        assert refusal(ssm.get_parameter, Name=absent).startswith("ParameterNotFound")
    ssm.put_parameter(Name="/mine", Value="1", Type="String")
    assert ssm.get_parameter(Name="/mine")["Parameter"]["Value"] == "1"


def test_the_caller_is_a_user_of_iam(aws: FakeAws) -> None:
    arn = aws.client("sts").get_caller_identity()["Arn"]
    assert arn.startswith(f"arn:aws:iam::{ACCOUNT}:user/")


@pytest.mark.parametrize(
    "name",
    [
        "AmazonEKSClusterPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKS_CNI_Policy",
        "AmazonSSMManagedInstanceCore",
        "service-role/AmazonEBSCSIDriverPolicy",
    ],
)
def test_managed_policies_are_there(aws: FakeAws, name: str) -> None:
    found = aws.client("iam").get_policy(PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    assert found["Policy"]["IsAttachable"] is True


def test_a_key_keeps_its_rotation_period(aws: FakeAws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180


def test_a_log_group_has_a_class_and_changes_its_key(aws: FakeAws) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/made")
    logs.associate_kms_key(logGroupName="/made", kmsKeyId="arn:aws:kms:us-east-1:1:key/k")
    [found] = logs.describe_log_groups(logGroupNamePrefix="/made")["logGroups"]
    assert (found["logGroupClass"], found["kmsKeyId"][-5:]) == ("STANDARD", "key/k")
    logs.disassociate_kms_key(logGroupName="/made")
    [found] = logs.describe_log_groups(logGroupNamePrefix="/made")["logGroups"]
    assert "kmsKeyId" not in found


def test_a_budget_keeps_subscribers_and_tags(aws: FakeAws) -> None:
    budgets = aws.client("budgets")
    notification = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
        "ThresholdType": "PERCENTAGE",
    }
    subscribers = [{"SubscriptionType": "EMAIL", "Address": "a@example.com"}]
    limit = {"Amount": "100", "Unit": "USD"}
    budget = {"BudgetName": "b", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    whose = {"AccountId": ACCOUNT, "BudgetName": "b"}
    budgets.create_budget(
        AccountId=ACCOUNT,
        Budget={**budget, "BudgetLimit": limit},
        NotificationsWithSubscribers=[{"Notification": notification, "Subscribers": subscribers}],
        ResourceTags=TAGS,
    )
    asked = {**whose, "Notification": notification}
    found = budgets.describe_subscribers_for_notification(**asked)
    assert found["Subscribers"] == subscribers
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/b"
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == TAGS
    changed = {**budget, "BudgetLimit": limit | {"Amount": "200"}}
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=changed)
    assert budgets.describe_budget(**whose)["Budget"]["BudgetLimit"]["Amount"] == "200"


def test_a_bucket_is_read_back_as_it_was_set(aws: FakeAws) -> None:
    s3 = aws.client("s3")
    named = {"Bucket": "ekiben-state"}
    s3.create_bucket(**named)
    closed = dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    s3.put_public_access_block(**named, PublicAccessBlockConfiguration=closed)
    s3.put_bucket_versioning(**named, VersioningConfiguration={"Status": "Enabled"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    encryption = {"Rules": [rule | {"BucketKeyEnabled": True}]}
    s3.put_bucket_encryption(**named, ServerSideEncryptionConfiguration=encryption)
    assert s3.get_public_access_block(**named)["PublicAccessBlockConfiguration"] == closed
    assert s3.get_bucket_versioning(**named)["Status"] == "Enabled"
    found = s3.get_bucket_encryption(**named)["ServerSideEncryptionConfiguration"]
    assert found == encryption
    for absent in (
        s3.get_bucket_policy,
        s3.get_bucket_cors,
        s3.get_bucket_website,
        s3.get_bucket_lifecycle_configuration,
        s3.get_bucket_replication,
        s3.get_object_lock_configuration,
        s3.get_bucket_tagging,
    ):
        assert not refusal(absent, **named).startswith("500")
    s3.get_bucket_acl(**named)
    s3.get_bucket_logging(**named)
    s3.get_bucket_accelerate_configuration(**named)
    s3.get_bucket_request_payment(**named)
    s3.delete_bucket(**named)
