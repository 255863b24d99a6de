"""The server itself: what it lets through, refuses, logs, throttles, and says is left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.front import Front
from tests.aws.lacks import BY_CALL, LACKS
from tests.aws.place import Place, Settings
from tests.aws.rows import Row
from tests.aws.running import ACCOUNT, REGION, FakeAws, in_its_own_process, in_this_process
from tests.aws.things import Surroundings, refusal, surroundings
from tests.aws.wire import Document, Refusal

pytestmark = pytest.mark.fake


def test_every_row_is_a_call_of_its_service_with_a_reason(aws: FakeAws) -> None:
    for row in LACKS:
        model = aws.client(row.service).meta.service_model
        assert row.operation in model.operation_names
        assert len(row.why) > 10
        assert row.answer or row.amend or row.guard


def test_no_call_has_two_rows() -> None:
    assert len(BY_CALL) == len(LACKS)


# --- what is checked ------------------------------------------------------------------------------


def signed(aws: FakeAws, method: str, path: str, body: str) -> httpx.Response:
    """A request that botocore itself would not send."""
    scope = "AKIA/20261126/us-east-1/eks/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/json",
    }
    return httpx.request(method, f"{aws.url}{path}", content=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"name": "dev"}', "Missing required parameter"),
        ('{"name": 7, "roleArn": "r", "resourcesVpcConfig": {}}', "Invalid type"),
        ('{"name": "dev", "roleArn": "r", "resourcesVpcConfig": {}, "vesion": "1"}', "vesion"),
        (
            '{"name": "dev", "roleArn": "r", "resourcesVpcConfig": {"subnets": []}}',
            "resourcesVpcConfig.subnets",
        ),
        (
            '{"name": "dev", "roleArn": "r", "resourcesVpcConfig": {},'
            ' "upgradePolicy": {"supportType": "NONE"}}',
            "is none of STANDARD, EXTENDED",
        ),
        ('{"name": "-dev", "roleArn": "r", "resourcesVpcConfig": {}}', "does not match"),
    ],
)
def test_what_the_model_does_not_allow_is_refused(aws: FakeAws, body: str, said: str) -> None:
    answer = signed(aws, "POST", "/clusters", body)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "InvalidParameterException"
    assert said in answer.text


def wrong(place: Place, given: Document) -> Document:  # noqa: ARG001
    return {"clusters": [7], "next": "token"}


def wrongly_refused(place: Place, given: Document) -> Document:  # noqa: ARG001
    raise Refusal("NoSuchBucket", "a mistake")


def wrongly_written(place: Place, given: Document) -> Document:  # noqa: ARG001
    """XML has no way to say a carriage return."""
    return {"CapacityReservations": [{"CapacityReservationId": "a\r\nb"}]}


@pytest.fixture
def mistaken() -> Iterator[FakeAws]:
    """A server with rows that answer what AWS could not."""
    rows = {
        (service, name): Row(service=service, operation=name, why="a mistake", answer=answer)
        for service, name, answer in (
            ("eks", "ListClusters", wrong),
            ("eks", "DescribeCluster", wrongly_refused),
            ("ec2", "DescribeCapacityReservations", wrongly_written),
        )
    }
    settings = Settings(eks_endpoint="", eks_ca="")
    with in_this_process(Front(settings, rows=rows)) as running:
        yield running


def test_an_answer_that_aws_could_not_give_is_a_fault(
    mistaken: FakeAws, caplog: pytest.LogCaptureFixture
) -> None:
    eks = mistaken.client("eks")
    assert refusal(eks.list_clusters).startswith("InternalFailure")
    assert refusal(eks.describe_cluster, name="dev").startswith("InternalFailure")
    reservations = mistaken.client("ec2").describe_capacity_reservations
    assert refusal(reservations).startswith("InternalFailure")
    first, second, third = mistaken.faults()
    assert 'Unknown parameter in input: "next"' in first
    assert "Invalid type for parameter clusters[0]" in first
    assert "has no error NoSuchBucket" in second
    assert "would be read as" in third
    assert "ListClusters would not validate" in caplog.text


def test_what_moto_does_not_know_is_told_at_once(aws: FakeAws) -> None:
    eks = aws.client("eks")
    with pytest.raises(ClientError) as refused:
        eks.list_capabilities(clusterName="dev")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    [fault] = aws.faults()
    assert fault.startswith("ListCapabilities: NotImplementedError")
    assert "/clusters/dev/capabilities" in fault


def test_what_is_no_call_of_aws_is_told_too(aws: FakeAws) -> None:
    assert httpx.get(f"{aws.url}/moto-api/nothing").status_code == 501
    assert "/moto-api/nothing" in aws.faults()[0]


# --- log and throttling ---------------------------------------------------------------------------


def test_calls_are_logged_with_what_came_of_them(aws: FakeAws) -> None:
    refusal(aws.client("eks").describe_cluster, name="none")
    aws.client("sqs").list_queues()
    first, second = aws.calls()
    assert (first["service"], first["operation"]) == ("eks", "DescribeCluster")
    assert (first["by"], first["status"], first["given"]) == ("ekiben", 404, {"name": "none"})
    assert first["error"].startswith("ResourceNotFoundException")
    assert (second["operation"], second["by"], second["status"]) == ("ListQueues", "moto", 200)


def outcomes(aws: FakeAws, number: int) -> list[bool]:
    """Of so many calls: whether each got through."""
    eks = aws.client("eks")
    found = []
    for _ in range(number):
        try:
            eks.list_clusters()
        except eks.exceptions.ThrottlingException:
            found.append(False)
        else:
            found.append(True)
    return found


def test_a_share_of_calls_is_throttled_always_the_same_ones(aws: FakeAws) -> None:
    aws.throttle(0.3, seed=7)
    first = outcomes(aws, 60)
    assert 5 < first.count(False) < 35
    assert len(aws.calls(throttled=True)) == first.count(False)
    aws.throttle(0.3, seed=7)
    assert outcomes(aws, 60) == first
    aws.throttle(0.3, seed=8)
    assert outcomes(aws, 60) != first
    aws.throttle(0)
    assert all(outcomes(aws, 20))


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_vpcs", "RequestLimitExceeded"),
        ("iam", "list_roles", "Throttling"),
        ("elbv2", "describe_load_balancers", "Throttling"),
        ("s3", "list_buckets", "SlowDown"),
        ("route53", "list_hosted_zones", "Throttling"),
        ("sqs", "list_queues", "ThrottlingException"),
        ("kms", "list_keys", "ThrottlingException"),
    ],
)
def test_each_service_throttles_in_its_own_words(
    aws: FakeAws, service: str, call: str, code: str
) -> None:
    aws.throttle(1, services=(service,))
    assert refusal(getattr(aws.client(service), call)).startswith(code)
    aws.client("eks").list_clusters()


# --- what is left ---------------------------------------------------------------------------------


def test_nothing_is_left_after_everything_is_deleted(aws: FakeAws) -> None:
    aws.empty()
    assert aws.left() == {}
    around = surroundings(aws)
    eks, elb, ecr = (aws.client(name) for name in ("eks", "elbv2", "ecr"))
    eks.create_cluster(**around.cluster())
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    ecr.create_repository(repositoryName="vision/iris")
    balancer = elb.create_load_balancer(Name="b", Type="network", Subnets=around.subnets)
    arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
    found = aws.left()
    assert found["cluster"] == ["dev"]
    assert (found["key"], found["load balancer"]) == ([key], [arn])
    assert len(found["network interface"]) == 4
    assert {"vpc", "subnet", "security group", "role", "repository"} <= found.keys()

    eks.delete_cluster(name="dev")
    elb.delete_load_balancer(LoadBalancerArn=arn)
    ecr.delete_repository(repositoryName="vision/iris")
    aws.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    delete_surroundings(aws, around)
    assert aws.left() == {}


def delete_surroundings(aws: FakeAws, around: Surroundings) -> None:
    for subnet in around.subnets:
        aws.client("ec2").delete_subnet(SubnetId=subnet)
    aws.client("ec2").delete_vpc(VpcId=around.vpc)
    for role in ("cluster", "node", "pod"):
        aws.client("iam").delete_role(RoleName=role)


def test_looking_what_is_left_is_neither_logged_nor_throttled(aws: FakeAws) -> None:
    aws.throttle(1)
    aws.left()
    assert aws.calls() == []


# --- the process ----------------------------------------------------------------------------------


def test_the_server_starts_from_a_command_line(tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text("CA")
    with in_its_own_process("https://127.0.0.1:6443", authority) as running:
        around = surroundings(running)
        eks: Any = running.client("eks")
        eks.create_cluster(**around.cluster())
        cluster = eks.describe_cluster(name="dev")["cluster"]
    assert cluster["endpoint"] == "https://127.0.0.1:6443"
    assert cluster["certificateAuthority"]["data"] == "Q0E="


def test_a_presigned_request_says_who_signed_it(aws: FakeAws) -> None:
    url = aws.client("sts").generate_presigned_url("get_caller_identity")
    answer = httpx.get(url)
    assert answer.status_code == 200
    assert "GetCallerIdentityResponse" in answer.text
    [call] = aws.calls(service="sts")
    assert call["operation"] == "GetCallerIdentity"


def test_tags_of_buckets_are_read_through_the_server_as_proxy(aws: FakeAws) -> None:
    """S3 Control puts the account in front of its host name, which no IP address can have."""
    tags = [{"Key": "a", "Value": "1"}]
    aws.client("s3").create_bucket(Bucket="tagged", CreateBucketConfiguration={"Tags": tags})
    control = boto3.client(
        "s3control",
        endpoint_url="http://s3-control.test",
        region_name=REGION,
        aws_access_key_id="A" * 20,
        aws_secret_access_key="b",
        config=Config(proxies={"http": aws.url}, retries={"total_max_attempts": 1}),
    )
    found = control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::tagged")
    assert found["Tags"] == tags
