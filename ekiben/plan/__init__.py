"""What was decided: every name, number and Kubernetes object of a stack, as plain data.

Takes a checked `StackSpec`, gives a `StackPlan`. Pure: no engine, no cluster, no environment, no
clock. Values known only later (an image's digest) are placed by whoever knows them.
"""

from .stack import ModelPlan, StackPlan, build

__all__ = ["ModelPlan", "StackPlan", "build"]
