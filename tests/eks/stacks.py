"""The stack files that EKS clusters are planned, previewed and placed from."""

from functools import cache
from pathlib import Path

from ekiben.plan import StackPlan, build
from ekiben.plan.eks.platform import PlatformPlan
from ekiben.spec import StackSpec, load
from ekiben.spec.files import stack_names

PROJECT = Path(__file__).parent / "project"
STACKS = sorted(stack_names(PROJECT))
PLATFORMS = [name for name in STACKS if name != "team"]


@cache
def spec_of(stack: str) -> StackSpec:
    return load(PROJECT, stack)


@cache
def plan_of(stack: str) -> StackPlan:
    return build(spec_of(stack))


def platform_of(stack: str) -> PlatformPlan:
    """The plan of the cluster that a stack keeps."""
    found = plan_of(stack).platform
    assert found is not None
    return found
