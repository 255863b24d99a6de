"""Every call of the AWS provider for what Ekiben uses has an answer."""

import importlib
from pathlib import Path

import pytest
import yaml
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores, get_service_model

from tests.aws.lacks import BY_CALL

pytestmark = pytest.mark.fake

CALLS = {
    service: calls.split()
    for service, calls in yaml.safe_load(
        Path(__file__).with_name("provider_calls.yaml").read_text()
    ).items()
}
UNANSWERED = {
    ("acm", "UpdateCertificateOptions"),
    ("logs", "PutLogGroupDeletionProtection"),
}
"""For options that Ekiben does not set."""


def of_moto(service: str) -> set[str]:
    """Methods by which moto answers, in its spelling."""
    module = importlib.import_module(f"moto.{service}.responses")
    classes = [each for each in vars(module).values() if isinstance(each, type)]
    answering = [each for each in classes if issubclass(each, BaseResponse)]
    return {name for each in answering for name in dir(each)}


@pytest.mark.parametrize("service", CALLS)
def test_each_call_is_answered_by_moto_or_by_us(service: str) -> None:
    model = get_service_model(service)
    assert {*CALLS[service]} <= {*model.operation_names}
    methods = of_moto(service)
    unanswered = {
        (service, call)
        for call in CALLS[service]
        if (service, call) not in BY_CALL and camelcase_to_underscores(call) not in methods
    }
    assert unanswered == {each for each in UNANSWERED if each[0] == service}
