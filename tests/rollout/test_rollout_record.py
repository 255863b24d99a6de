"""What is written down of versions, and which are kept."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ekiben.rollout.record import KEPT, entry, is_complete, pruned
from ekiben.rollout.target import Target
from tests.rollout.situations import IMAGE, NEW

TARGET = Target(
    model="iris",
    namespace="vision",
    deployment="iris-stable",
    version=NEW,
    image=IMAGE,
    deadline_seconds=60,
    spec='{"compute": {"cpu": "1"}}',
    image_id="0123456789abcdef",
    by="ada",
)


def made(moment: int | None, padding: int = 0) -> str:
    """An entry that became ready in that second."""
    ready_at = datetime.fromtimestamp(moment, UTC).isoformat() if moment is not None else None
    return json.dumps({"readyAt": ready_at, "spec": "x" * padding})


def test_an_entry_tells_what_a_rollback_needs() -> None:
    assert json.loads(entry(TARGET, datetime(2026, 3, 1, 12, 0, tzinfo=UTC))) == {
        "version": NEW,
        "imageId": "0123456789abcdef",
        "image": IMAGE,
        "spec": {"compute": {"cpu": "1"}},
        "readyAt": "2026-03-01T12:00:00Z",
        "by": "ada",
    }


def test_a_proven_version_is_not_complete() -> None:
    assert not is_complete(entry(TARGET, None))
    assert is_complete(entry(TARGET, datetime.now(UTC)))
    assert not is_complete("not JSON")


def test_the_oldest_versions_are_dropped() -> None:
    data = {f"v{moment}": made(moment) for moment in range(1, KEPT + 3)}
    assert set(data) - set(pruned(data, "v5")) == {"v1", "v2"}


def test_large_versions_leave_less_room_for_old_ones() -> None:
    data = {f"v{moment}": made(moment, padding=100_000) for moment in range(1, 21)}
    assert sorted(pruned(data, "v1"), key=lambda v: int(v[1:])) == [
        "v1",
        *(f"v{moment}" for moment in range(14, 21)),
    ]


@given(
    st.dictionaries(
        st.text("0123456789abcdef", min_size=8, max_size=8),
        st.one_of(
            st.builds(made, st.none() | st.integers(0, 2**31), st.integers(0, 50_000)),
            st.text(max_size=20),
        ),
        min_size=1,
        max_size=80,
    )
)
def test_whatever_is_in_a_record_the_version_at_hand_is_kept_and_the_rest_fits(
    data: dict[str, str],
) -> None:
    for version in (min(data), max(data)):
        kept = pruned(data, version)
        assert version in kept
        assert len(kept) <= KEPT
        assert sum(len(k) + len(v) for k, v in kept.items()) < 1_000_000
        assert kept.items() <= data.items()
