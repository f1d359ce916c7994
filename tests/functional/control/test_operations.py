"""Every documented operation is served, at the documented place."""

import pytest

from hooktop.mockserver.app import DIALECTS, create_app
from hooktop.mockserver.engine.registry import Registry
from hooktop.mockserver.http.site import Site
from hooktop.openapi.documents import load


@pytest.fixture(scope="module")
def routes():
    registry = Registry(DIALECTS, seed=1)
    rules = create_app(registry, Site()).url_map.iter_rules()
    found = {rule.endpoint: (rule.rule, (rule.methods or set()) - {"HEAD"}) for rule in rules}
    registry.close()
    return found


@pytest.mark.parametrize("api", ["hookbridge", "convoy", "mock"])
def test_all_documented_operations_are_routes(routes, api):
    missing = []
    for operation in load(api).operations.values():
        prefix = "/api" if api == "convoy" and operation.path.startswith("/v1/") else ""
        rule = prefix + operation.path.replace("{", "<").replace("}", ">")
        if routes.get(f"{api}.{operation.id}") != (rule, {operation.method}):
            missing.append((operation.id, operation.method, rule, routes.get(f"{api}.{operation.id}")))
    assert missing == []
