"""docs/keys.md names every key of both files, and is current."""

from pydantic import BaseModel

from ekiben.spec import reference
from ekiben.spec.cluster import ExistingCluster, GatewaySpec, LocalCluster, StackCluster
from ekiben.spec.editor import schemas
from ekiben.spec.model import Compute, ModelSpec, Scaling, Update
from ekiben.spec.stack import StackFile


def test_the_page_is_current() -> None:
    assert reference.FILE.read_text() == reference.text(), "run python -m ekiben.spec.reference"


def test_every_key_of_a_model_is_told_with_meaning_and_kind_of_value() -> None:
    schema = schemas()["model.schema.json"]
    found = {row.key: row for row in reference.rows(schema, schema)}
    sections: dict[str, type[BaseModel]] = {
        "compute": Compute,
        "scaling": Scaling,
        "update": Update,
    }
    nested = {f"{name}.{key}" for name, section in sections.items() for key in section.model_fields}
    assert set(found) == set(ModelSpec.model_fields) - set(sections) | nested
    assert all(row.meaning and row.takes for row in found.values())


def test_every_key_of_a_stack_file_is_told() -> None:
    page = reference.text()
    for name in StackFile.model_fields:
        assert f"| `ekiben:{name}" in page
    for name in GatewaySpec.model_fields:
        assert f"| `ekiben:gateway.{name}` |" in page
    for kind in (LocalCluster, ExistingCluster, StackCluster):
        for name in set(kind.model_fields) - {"kind", "registry"}:
            assert f"| `ekiben:cluster.{name}` |" in page


def test_defaults_and_values_are_told_as_they_are_written() -> None:
    schema = schemas()["model.schema.json"]
    found = {row.key: row for row in reference.rows(schema, schema)}
    assert found["compute.memory"].default == "`1Gi`"
    assert found["endpoint"].default == "none"
    assert found["smoke"].takes == "`ready`, `import`, `none`"
    assert found["scaling.max_replicas"].takes == "a whole number from 1 to 1000"
    assert found["update.max_surge"].takes.endswith("or a percentage such as `25%`")
    assert "| `ekiben:team` |" in reference.text()
    assert "| required |" in reference.text()


def test_a_bar_in_a_meaning_does_not_end_its_cell() -> None:
    for line in reference.text().splitlines():
        if line.startswith("| `"):
            assert line.replace("\\|", "").count("|") in (3, 5), line
