"""Following an update on the cluster: progress, cause of failure, last log lines, the record.

`connect` gives an API server; `follow` waits for one Target and raises RolloutError with the
complete text for the user. Deciding (snapshot, replicas, causes, progress, verdict, message) is
pure and apart from reading and writing (api, faults, reader, record, follow).
"""

from ekiben.rollout.api import connect
from ekiben.rollout.follow import follow
from ekiben.rollout.reader import carries
from ekiben.rollout.target import RolloutCancelled, RolloutError, Target

__all__ = ["RolloutCancelled", "RolloutError", "Target", "carries", "connect", "follow"]
