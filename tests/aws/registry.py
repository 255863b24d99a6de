"""ECR: pull-through cache rules."""

from tests.aws.place import Place, now
from tests.aws.rows import rows
from tests.aws.wire import Document, Refusal

RULES = "pull-through cache rule"
UPSTREAMS = {
    "public.ecr.aws": "ecr-public",
    "registry-1.docker.io": "docker-hub",
    "quay.io": "quay",
    "registry.k8s.io": "k8s",
    "ghcr.io": "github-container-registry",
    "registry.gitlab.com": "gitlab-container-registry",
}
WITHOUT_CREDENTIALS = {"ecr-public", "quay", "k8s"}
MISSING = "PullThroughCacheRuleNotFoundException"


def create_pull_through_cache_rule(place: Place, given: Document) -> Document:
    prefix, upstream = given["ecrRepositoryPrefix"], given["upstreamRegistryUrl"]
    if prefix in place.shelf(RULES):
        message = f"Pull through cache rule already exists with prefix {prefix}"
        raise Refusal("PullThroughCacheRuleAlreadyExistsException", message)
    kind = given.get("upstreamRegistry") or UPSTREAMS.get(upstream)
    if kind is None and not upstream.endswith(".amazonaws.com"):
        raise Refusal("UnsupportedUpstreamRegistryException", f"{upstream} is not supported")
    if kind and kind not in WITHOUT_CREDENTIALS and "credentialArn" not in given:
        raise Refusal("InvalidParameterException", f"{upstream} needs a credentialArn")
    made: Document = {
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": upstream,
        "createdAt": now(),
        "registryId": place.account,
        "upstreamRegistry": kind or "ecr",
        "upstreamRepositoryPrefix": given.get("upstreamRepositoryPrefix", "ROOT"),
        **{key: given[key] for key in ("credentialArn", "customRoleArn") if key in given},
    }
    place.shelf(RULES)[prefix] = made
    return dict(made)


def _rule(place: Place, prefix: str) -> Document:
    if prefix not in place.shelf(RULES):
        raise Refusal(MISSING, f"The pull through cache rule with prefix {prefix} was not found")
    return place.shelf(RULES)[prefix]


def describe_pull_through_cache_rules(place: Place, given: Document) -> Document:
    wanted = given.get("ecrRepositoryPrefixes") or sorted(place.shelf(RULES))
    return {"pullThroughCacheRules": [dict(_rule(place, prefix)) for prefix in wanted]}


def update_pull_through_cache_rule(place: Place, given: Document) -> Document:
    rule = _rule(place, given["ecrRepositoryPrefix"])
    changes: Document = {
        key: given[key] for key in ("credentialArn", "customRoleArn") if key in given
    }
    rule.update(changes, updatedAt=now())
    left_out = ("upstreamRegistryUrl", "createdAt", "upstreamRegistry")
    return {key: value for key, value in rule.items() if key not in left_out}


def delete_pull_through_cache_rule(place: Place, given: Document) -> Document:
    rule = _rule(place, given["ecrRepositoryPrefix"])
    del place.shelf(RULES)[given["ecrRepositoryPrefix"]]
    left_out = ("upstreamRegistry", "updatedAt")
    return {key: value for key, value in rule.items() if key not in left_out}


LACKS = rows(
    "ecr",
    "moto has no such call",
    create_pull_through_cache_rule=create_pull_through_cache_rule,
    describe_pull_through_cache_rules=describe_pull_through_cache_rules,
    update_pull_through_cache_rule=update_pull_through_cache_rule,
    delete_pull_through_cache_rule=delete_pull_through_cache_rule,
)
