"""The one-machine default: tools, cluster, teardown. Knows nothing of models."""
