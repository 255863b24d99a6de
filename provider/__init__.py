"""The `ekiben` Pulumi provider: `Image` and `Rollout`, thin over bundle and rollout."""
