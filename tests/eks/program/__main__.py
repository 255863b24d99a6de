"""Places the AWS half of the platform that the stack's name chooses."""

import pulumi

from components.eks import EksCluster, EksClusterArgs
from ekiben.spec import EksCluster as Spec
from tests.eks.stacks import platform_of, spec_of

stack = pulumi.get_stack()
written = spec_of(stack).cluster
assert isinstance(written, Spec)
EksCluster("cluster", EksClusterArgs(plan=platform_of(stack), account=written.account))
