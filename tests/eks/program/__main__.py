"""Places the AWS half of the platform that the stack's name chooses."""

import pulumi

from components.eks import EksCluster, EksClusterArgs
from ekiben.plan.eks.platform import platform
from ekiben.spec import EksCluster as Spec
from tests.eks.stacks import spec_of

stack = pulumi.get_stack()
spec = spec_of(stack)
written = spec.cluster
assert isinstance(written, Spec)
if pulumi.Config().get_bool("unguarded"):
    written = written.model_copy(update={"protect": False})
plan = platform(stack, spec.region or "", written)
EksCluster("cluster", EksClusterArgs(plan=plan, account=written.account))
