"""The judge: what is wrong with a request or an answer, and where."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooktop.openapi.documents import load
from hooktop.openapi.validation import MISSING, Judge, Violation
from hooktop.openapi.validation.schemas import closed, compile_schema, undocumented_fields

JSON = "application/json"
SHOP = """
openapi: 3.1.0
info: { title: Shop, version: 1 }
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters:
        - { name: id, in: path, required: true, schema: { type: string, format: uuid } }
        - { name: limit, in: query, schema: { type: integer, minimum: 1, maximum: 100 } }
        - { name: state, in: query, schema: { type: array, items: { type: string, enum: [open, paid] } } }
        - { name: size, in: query, schema: { type: array, items: { type: integer } } }
        - { name: since, in: query, schema: { type: string, format: date-time } }
        - { name: ratio, in: query, schema: { type: number, maximum: 1 } }
        - { name: full, in: query, schema: { type: boolean } }
        - { name: either, in: query, schema: { oneOf: [{ type: integer }, { const: all }] } }
        - { name: X-Tenant, in: header, schema: { type: string, maxLength: 3 } }
      responses:
        '200':
          description: The order.
          content:
            application/json:
              schema: { $ref: '#/components/schemas/Order' }
            text/*:
              schema: { type: string, maxLength: 5 }
        '204': { description: Nothing. }
        '4XX':
          description: Refused.
          content:
            application/json:
              schema: { type: object, required: [code], properties: { code: { enum: [A, B] } } }
  /orders:
    post:
      operationId: createOrder
      parameters:
        - { name: dry, in: query, required: true, schema: { type: boolean } }
      requestBody:
        required: true
        content:
          application/json:
            schema: { $ref: '#/components/schemas/NewOrder' }
      responses:
        '201': { description: Made. }
  /raw:
    post:
      operationId: raw
      requestBody: { content: { '*/*': { schema: {} } } }
      responses: { '200': { description: Taken. } }
components:
  schemas:
    NewOrder:
      type: object
      required: [total]
      properties:
        total: { type: number, minimum: 0 }
        note: { type: string, maxLength: 5 }
        lines: { type: array, items: { type: object, required: [sku], properties: { sku: { type: string } } } }
    Order:
      allOf:
        - $ref: '#/components/schemas/NewOrder'
        - type: object
          required: [id]
          properties:
            id: { type: string, format: uuid }
            made_at: { type: string, format: date-time }
            lines: { type: array, items: { properties: { paid: { type: boolean } } } }
            free: { type: object }
            open: { type: object, properties: { known: {} }, additionalProperties: true }
            labels: { type: object, additionalProperties: { properties: { colour: { type: string } } } }
            by_prefix: { type: object, patternProperties: { '^x-': { type: string } } }
            payment:
              oneOf:
                - { type: object, required: [card], properties: { card: { type: object, properties: { last4: {} } } } }
                - { type: object, required: [bank], properties: { bank: { type: string } } }
                - { type: 'null' }
            pair: { type: array, prefixItems: [{ type: object, properties: { a: {} } }] }
            boxed:
              allOf:
                - { type: object, additionalProperties: { type: object, properties: { deep: {} } } }
                - oneOf: [{ minProperties: 1, patternProperties: { '^y': { properties: { deeper: {} } } } }]
"""
ID = "01935abc-def0-7123-4567-890abcdef012"
GOOD = {"id": ID, "total": 3.5}


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    path = tmp_path_factory.mktemp("documents") / "shop.yaml"
    path.write_text(SHOP, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOOKTOP_CACHE_DIR", str(path.parent / "cache"))
        return Judge(load(path))


def places(violations: tuple[Violation, ...]) -> set[tuple[str, str]]:
    return {(f"{item.where}{item.pointer}", item.rule) for item in violations}


# --- requests -------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"limit": ["100"]},
        {"state": ["open", "paid"], "size": ["1", "2"]},
        {"since": ["2026-11-20T08:00:00Z"]},
        {"ratio": ["0.5"]},
        {"ratio": ["1"]},
        {"full": ["true"]},
        {"either": ["7"]},
        {"either": ["all"]},
    ],
    ids=str,
)
def test_good_queries_pass(judge, query):
    assert judge.request("getOrder", {"id": ID}, query, {}) == ()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"limit": ["0"]}, ("query.limit", "minimum")),
        ({"limit": ["101"]}, ("query.limit", "maximum")),
        ({"limit": ["ten"]}, ("query.limit", "type")),
        ({"limit": ["1.5"]}, ("query.limit", "type")),
        ({"limit": [""]}, ("query.limit", "type")),
        ({"limit": ["1", "2"]}, ("query.limit", "repeated-parameter")),
        ({"state": ["open", "lost"]}, ("query.state/1", "enum")),
        ({"size": ["1", "x"]}, ("query.size/1", "type")),
        ({"since": ["2026-11-20"]}, ("query.since", "format")),
        ({"since": ["2026-11-20T08:00:00"]}, ("query.since", "format")),
        ({"ratio": ["1.5"]}, ("query.ratio", "maximum")),
        ({"full": ["yes"]}, ("query.full", "type")),
        ({"colour": ["red"]}, ("query.colour", "unknown-parameter")),
    ],
    ids=str,
)
def test_bad_queries_are_named(judge, query, found):
    assert places(judge.request("getOrder", {"id": ID}, query, {})) == {found}


def test_an_unknown_parameter_is_answered_with_the_known_ones(judge):
    (violation,) = judge.request("createOrder", {}, {"dry": ["true"], "dr": ["1"]}, {}, {"total": 1}, JSON)
    assert violation.message == "unknown query parameter (known: dry)"


def test_a_malformed_path_value_is_named(judge):
    assert places(judge.request("getOrder", {"id": "7"}, {}, {})) == {("path.id", "format")}


def test_headers_are_found_in_any_case_and_foreign_ones_are_no_concern(judge):
    headers = {"x-TENANT": "four", "Accept": "*/*", "Authorization": "Bearer x"}
    assert places(judge.request("getOrder", {"id": ID}, {}, headers)) == {("header.x-tenant", "maxLength")}
    assert judge.request("getOrder", {"id": ID}, {}, {"X-Tenant": "abc"}) == ()


def test_a_required_parameter_is_missed(judge):
    assert places(judge.request("createOrder", {}, {}, {}, {"total": 1}, JSON)) == {("query.dry", "required")}


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param({"total": 1}, set(), id="good"),
        pytest.param({"total": 1, "anything": 2}, set(), id="unknown fields of a request are no violation"),
        pytest.param({}, {("body", "required")}, id="required"),
        pytest.param({"total": "1"}, {("body/total", "type")}, id="type"),
        pytest.param(
            {"total": -1, "note": "too long"},
            {("body/total", "minimum"), ("body/note", "maxLength")},
            id="two",
        ),
        pytest.param({"total": 1, "lines": [{"sku": "a"}, {}]}, {("body/lines/1", "required")}, id="nested"),
        pytest.param([], {("body", "type")}, id="array"),
        pytest.param(None, {("body", "type")}, id="null"),
        pytest.param(MISSING, {("body", "required")}, id="no body"),
    ],
)
def test_bodies_of_requests(judge, body, found):
    assert places(judge.request("createOrder", {}, {"dry": ["true"]}, {}, body, JSON)) == found


@pytest.mark.parametrize(
    ("content_type", "found"),
    [
        (JSON, set()),
        ("Application/JSON; charset=utf-8", set()),
        (None, set()),
        ("", set()),
        ("text/plain", {("content-type", "media-type")}),
        ("application/xml", {("content-type", "media-type")}),
    ],
)
def test_media_types_of_requests(judge, content_type, found):
    query = {"dry": ["true"]}
    assert places(judge.request("createOrder", {}, query, {}, {"total": 1}, content_type)) == found


@pytest.mark.parametrize("content_type", ["image/png", "application/json", None])
def test_any_media_type_passes_where_any_is_documented(judge, content_type):
    assert judge.request("raw", {}, {}, {}, b"\x00\xff", content_type) == ()
    assert judge.request("raw", {}, {}, {}) == ()


# --- answers --------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD | {"made_at": "2026-11-20T08:00:00.123Z"},
        GOOD | {"lines": [{"sku": "a", "paid": True}, {"sku": "b"}]},
        GOOD | {"free": {"any": {"thing": 1}}},
        GOOD | {"open": {"known": 1, "other": 2}},
        GOOD | {"labels": {"any-name": {"colour": "red"}}},
        GOOD | {"by_prefix": {"x-a": "1"}},
        GOOD | {"payment": {"card": {"last4": "4242"}}},
        GOOD | {"payment": {"bank": "x"}},
        GOOD | {"payment": None},
        GOOD | {"pair": [{"a": 1}]},
    ],
    ids=str,
)
def test_good_answers_pass(judge, body):
    assert judge.response("getOrder", 200, JSON, body) == ()
    assert judge.response_ok("getOrder", 200, body)


UNDOCUMENTED = "undocumented-field"


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        pytest.param({"x": 1}, ["/x"], id="root, over allOf"),
        pytest.param(
            {"lines": [{"sku": "a"}, {"sku": "b", "y": 1}]}, ["/lines/1/y"], id="in an array, over allOf"
        ),
        pytest.param(
            {"payment": {"card": {"last4": "1", "cvc": "2"}}}, ["/payment/card/cvc"], id="within a branch"
        ),
        pytest.param({"payment": {"bank": "x", "z": 1}}, ["/payment/z"], id="beside a branch"),
        pytest.param(
            {"labels": {"a": {"colour": "red", "size": 1}}}, ["/labels/a/size"], id="in a map's value"
        ),
        pytest.param({"pair": [{"a": 1, "b": 2}, {"c": 3}]}, ["/pair/0/b"], id="at a place of a tuple"),
        pytest.param({"boxed": {"x": {"deep": 1, "no": 2}}}, ["/boxed/x/no"], id="in a map over allOf"),
        pytest.param({"by_prefix": {"x-a": "1"}, "a~b/c": 1}, ["/a~0b~1c"], id="pointer is escaped"),
        pytest.param({"x": 1, "y": {"z": 2}}, ["/x", "/y"], id="two, not what is within"),
    ],
)
def test_undocumented_fields_are_found(judge, change, pointers):
    found = judge.response("getOrder", 200, JSON, GOOD | change)
    assert places(found) == {(f"body{pointer}", UNDOCUMENTED) for pointer in pointers}
    assert not judge.response_ok("getOrder", 200, GOOD | change)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        pytest.param({"total": 1}, {("body", "required")}, id="missing required"),
        pytest.param({"id": ID}, {("body", "required")}, id="missing required of the other branch"),
        pytest.param(GOOD | {"made_at": "2026-11-20"}, {("body/made_at", "format")}, id="bad format"),
        pytest.param(GOOD | {"made_at": 5}, {("body/made_at", "type")}, id="bad type"),
        pytest.param(GOOD | {"payment": {}}, {("body/payment", "oneOf")}, id="no branch fits"),
        pytest.param(
            {"id": ID, "total": -1, "x": 1},
            {("body/total", "minimum"), ("body/x", UNDOCUMENTED)},
            id="undocumented field of an invalid body",
        ),
        pytest.param(
            GOOD | {"lines": [{"sku": 1, "paid": 1}]},
            {("body/lines/0/sku", "type"), ("body/lines/0/paid", "type")},
            id="both branches judge",
        ),
        pytest.param(MISSING, {("body", "required")}, id="no body"),
        pytest.param(None, {("body", "type")}, id="null"),
    ],
)
def test_wrong_answers_are_named(judge, body, found):
    assert found <= places(judge.response("getOrder", 200, JSON, body))
    assert not judge.response_ok("getOrder", 200, body)


NAMES = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.sampled_from([{}, {"type": "integer"}, {"type": "string"}, {"type": "null"}])


def nested(inner):
    fields = st.dictionaries(NAMES, inner, max_size=3)
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda properties: {"type": "object", "properties": properties}, fields),
        st.builds(lambda properties: {"properties": properties}, fields),
        st.builds(
            lambda properties, rest: {"properties": properties, "additionalProperties": rest}, fields, inner
        ),
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda pattern: {"patternProperties": {"^[ab]": pattern}}, inner),
        st.builds(lambda first, items: {"prefixItems": [first], "items": items}, inner, inner),
        st.builds(
            lambda keyword, branches: {keyword: branches},
            st.sampled_from(["allOf", "anyOf", "oneOf"]),
            several,
        ),
        st.builds(
            lambda properties, branches: {"properties": properties, "allOf": branches}, fields, several
        ),
    )


SCHEMAS = st.recursive(LEAVES, nested, max_leaves=8)
VALUES = st.recursive(
    st.sampled_from([None, 1, "x"]),
    lambda inner: st.one_of(st.dictionaries(NAMES, inner, max_size=3), st.lists(inner, max_size=2)),
    max_leaves=8,
)


@given(schema=SCHEMAS, value=VALUES)
def test_what_the_fast_check_accepts_is_valid_and_fully_documented(schema, value):
    if compile_schema(closed(schema)).is_valid(value):
        assert compile_schema(schema).is_valid(value)
        assert list(undocumented_fields(value, (schema,), "")) == []


def test_an_undocumented_status_is_named_with_the_documented_ones(judge):
    (violation,) = judge.response("getOrder", 302, JSON, {})
    assert (violation.where, violation.rule) == ("status", "undocumented-status")
    assert violation.message == "302 is not documented for getOrder (documented: 200, 204, 4XX)"
    assert not judge.response_ok("getOrder", 302, {})


def test_a_range_of_statuses_is_documented(judge):
    assert judge.response("getOrder", 418, JSON, {"code": "A"}) == ()
    assert places(judge.response("getOrder", 418, JSON, {"code": "C"})) == {("body/code", "enum")}


@pytest.mark.parametrize(
    ("content_type", "body", "found"),
    [
        (JSON, GOOD, set()),
        ("application/json;charset=UTF-8", GOOD, set()),
        ("text/plain", "short", set()),
        ("text/html", b"short", set()),
        ("text/html", "<html>", {("body", "maxLength")}),
        ("application/xml", "<x/>", {("content-type", "media-type")}),
    ],
)
def test_media_types_of_answers(judge, content_type, body, found):
    assert places(judge.response("getOrder", 200, content_type, body)) == found


def test_an_answer_without_a_documented_body_has_none(judge):
    assert judge.response("getOrder", 204, None, MISSING) == ()
    assert judge.response_ok("getOrder", 204)
    assert places(judge.response("getOrder", 204, JSON, {})) == {("body", "no-body")}
    assert not judge.response_ok("getOrder", 204, {})


def test_an_unknown_operation_is_a_mistake_of_the_caller(judge):
    with pytest.raises(KeyError, match="getOrders"):
        judge.response("getOrders", 200, JSON, {})


def test_a_message_never_quotes_a_value(judge):
    secret = "whsec_abcdefghijklmnop"
    body = {"id": secret, "total": secret, "note": secret, "payment": {"card": secret}}
    found = judge.response("getOrder", 200, JSON, body)
    found += judge.request("getOrder", {"id": secret}, {"limit": [secret], "state": [secret]}, {})
    assert len(found) >= 5
    assert not [item for item in found if secret in str(item)]


def test_a_violation_reads_as_place_and_message():
    violation = Violation(where="body", pointer="/data/id", rule="type", message="value is not a string")
    assert str(violation) == "body/data/id: value is not a string"


def test_deep_and_odd_values_are_judged_without_harm(judge):
    deep: object = 1
    for _ in range(200):
        deep = {"a": deep}
    odd = GOOD | {"free": {"deep": deep, "big": 10**400, "none": float("nan"), "half": "\ud800"}}
    assert judge.response("getOrder", 200, JSON, odd) == ()


def test_many_threads_come_to_the_same_verdicts(tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP, encoding="utf-8")
    fresh = Judge(load(path))

    def work(number: int) -> tuple[int, int]:
        body = GOOD | ({"x": 1} if number % 2 else {})
        query = {"limit": [str(number % 3)]}
        answers = len(fresh.response("getOrder", 200, JSON, body))
        return answers, len(fresh.request("getOrder", {"id": ID}, query, {}))

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(work, range(300)))
    assert verdicts == [(number % 2, 0 if number % 3 else 1) for number in range(300)]


def test_the_judge_of_a_bundled_document_is_made_once():
    assert Judge.of("hookbridge") is Judge.of("hookbridge")
    assert Judge.of("hookbridge").document is load("hookbridge")
