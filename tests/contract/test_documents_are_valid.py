"""The bundled documents: legal, true to themselves, and complete in what they promise."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
import yaml

from hooktop.openapi.documents import BUNDLED, MediaType, Operation, load
from hooktop.openapi.validation import Judge
from hooktop.openapi.validation.rules import Body

HOOKBRIDGE = (
    "sendWebhook createEndpoint listEndpoints getEndpoint updateEndpoint deleteEndpoint pauseEndpoint "
    "resumeEndpoint getMessage getMessageAttempts replayMessage retryNow cancelRetry getLogs getDLQMessages "
    "replayFromDLQ getMetrics getTimeseriesMetrics listAPIKeys createInboundEndpoint listInboundEndpoints "
    "getInboundEndpoint pauseInboundEndpoint resumeInboundEndpoint getInboundMessage getInboundMessageAttempts "
    "replayInboundMessage getInboundLogs receiveWebhook"
)
CONVOY = (
    "Healthz GetProject GetEndpoints CreateEndpoint GetEndpoint PauseEndpoint ActivateEndpoint "
    "CreateEndpointEvent GetEventDeliveriesPaged GetEventDelivery GetDeliveryAttempts ResendEventDelivery "
    "BatchRetryEventDelivery"
)


def operations() -> Iterator[Any]:
    for name in BUNDLED:
        for operation in load(name).operations.values():
            yield pytest.param(name, operation, id=f"{name}-{operation.id}")


def number(status: str) -> int:
    return int(status.replace("X", "9"))


@pytest.mark.parametrize("name", BUNDLED)
def test_the_document_is_legal(name):
    openapi_spec_validator.validate(dict(load(name).raw))


@pytest.mark.parametrize("name", BUNDLED)
def test_no_key_is_written_twice(name):
    def walk(node: yaml.Node) -> Iterator[str]:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            for key, child in node.value:
                if keys.count(key.value) > 1:
                    yield f"line {key.start_mark.line + 1}: {key.value}"
                yield from walk(child)
        elif isinstance(node, yaml.SequenceNode):
            for child in node.value:
                yield from walk(child)

    path: Path = load(name).path
    assert list(walk(yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader))) == []


@pytest.mark.parametrize(("name", "expected"), [("hookbridge", HOOKBRIDGE), ("convoy", CONVOY)])
def test_the_operations_are_those_that_were_promised(name, expected):
    assert set(load(name).operations) >= set(expected.split())


@pytest.mark.parametrize("name", BUNDLED)
def test_every_component_is_used(name):
    raw = load(name).raw
    used = set(_references(raw))
    unused = [
        f"#/components/{kind}/{key}"
        for kind, items in raw["components"].items()
        if kind != "securitySchemes"
        for key in items
        if f"#/components/{kind}/{key}" not in used
    ]
    assert unused == []


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


@pytest.mark.parametrize(("name", "operation"), operations())
def test_every_operation_says_where_it_is_known_from(name, operation: Operation):
    assert operation.source
    assert all(isinstance(item, str) and item for item in operation.source)
    assert operation.summary
    assert all(isinstance(why, str) and len(why) > 10 for why in operation.inferred.values())


@pytest.mark.parametrize(("name", "operation"), operations())
def test_every_example_of_an_answer_follows_its_own_schema(name, operation: Operation):
    judge = Judge.of(name)
    for status, response in operation.responses.items():
        for media in response.content.values():
            assert media.examples, f"{operation.id} {status} has no example"
            for example, value in media.examples.items():
                found = judge.response(operation.id, number(status), media.name, value)
                assert not found, f"{operation.id} {status} {example}: {found[0]}"


@pytest.mark.parametrize(("name", "operation"), operations())
def test_every_example_of_a_request_follows_its_own_schema(name, operation: Operation):
    if operation.request_body is None:
        return
    for media in operation.request_body.content.values():
        assert media.examples, f"{operation.id} has no example of a request"
        for example, value in media.examples.items():
            found = list(Body(load(name), media).violations(value, undocumented=True))
            assert not found, f"{operation.id} {example}: {found[0]}"


@pytest.mark.parametrize(("name", "operation"), operations())
def test_a_clean_answer_needs_no_second_look(name, operation: Operation):
    """The strict form of a schema must accept every example, or each such answer costs a slow check."""
    for response in operation.responses.values():
        for media in response.content.values():
            for example, value in media.examples.items():
                assert Body(load(name), media).accepts_strictly(value), f"{operation.id} {example}"


@pytest.mark.parametrize(("name", "operation"), operations())
def test_every_example_that_is_no_answer_of_the_operation_would_be_noticed(name, operation: Operation):
    """An example with a field that nobody declares must not pass."""
    judge = Judge.of(name)
    for status, response in operation.responses.items():
        for media in response.content.values():
            for value in media.examples.values():
                if isinstance(value, dict) and _declares(media):
                    spoiled = value | {"undeclared": 1}
                    assert judge.response(operation.id, number(status), media.name, spoiled)


def _declares(media: MediaType) -> bool:
    return media.schema not in ({}, {"type": "object"})


@pytest.mark.parametrize("operation", load("hookbridge").operations.values(), ids=lambda item: item.id)
def test_the_listed_error_codes_of_an_answer_are_those_of_its_schema_and_have_examples(operation: Operation):
    document = load("hookbridge")
    for status, response in operation.responses.items():
        raw = document.resolve(operation.raw["responses"][status])
        shown = {value["error"]["code"] for value in response.examples.values() if "error" in value}
        listed = raw.get("x-error-codes")
        if listed is None:
            continue
        assert shown <= set(listed), f"{operation.id} {status}"
        for code in listed:
            body = {"error": {"code": code, "message": "m"}, "meta": {"request_id": "r"}}
            assert Judge.of("hookbridge").response_ok(operation.id, number(status), body), code
        foreign = {"error": {"code": "SOMETHING_ELSE", "message": "m"}, "meta": {"request_id": "r"}}
        assert not Judge.of("hookbridge").response_ok(operation.id, number(status), foreign)


INVALID = [
    ("400", "ENDPOINT_NOT_FOUND", "endpoint not found"),
    ("400", "INVALID_REQUEST", "endpoint_id must be in format ep_xxx"),
    ("400", "INVALID_REQUEST", "payload must be valid JSON"),
    ("400", "INVALID_HEADERS", "header 'Host' is forbidden and cannot be overridden"),
]
COMMON = [
    ("401", "UNAUTHORIZED", "Invalid or missing API key"),
    ("404", "NOT_FOUND", "Message not found"),
]
FAST_RETRY = "Message is in active fast retry; wait for retries to complete or fail before replaying"
RETENTION = "Message retention period has expired and payload is no longer available for replay"
PRINTED = {
    "pauseEndpoint": [*INVALID, *COMMON, ("409", "ALREADY_PAUSED", "Endpoint is already paused")],
    "resumeEndpoint": [*INVALID, *COMMON, ("409", "NOT_PAUSED", "Endpoint is not paused")],
    "retryNow": [
        *COMMON,
        ("400", "INVALID_STATUS", "Message is not in pending_retry status (current: succeeded)"),
    ],
    "replayInboundMessage": [
        *COMMON,
        ("409", "RETRY_IN_PROGRESS", FAST_RETRY),
        ("410", "RETENTION_EXPIRED", RETENTION),
        ("429", "REPLAY_LIMIT_EXCEEDED", "Message has already been replayed the maximum number of times"),
    ],
    "createEndpoint": [("400", "INVALID_REQUEST", "endpoint must be a valid HTTPS URL")],
    "sendWebhook": [
        *INVALID,
        ("404", "ENDPOINT_NOT_FOUND", "endpoint not found"),
        ("409", "IDEMPOTENCY_MISMATCH", "Idempotency key already used with different payload"),
    ],
    "replayFromDLQ": [
        ("400", "INVALID_REQUEST", "message is not in DLQ (must have failed_permanent status)")
    ],
}


@pytest.mark.parametrize(
    ("operation", "status", "code", "message"),
    [(operation, *row) for operation, rows in PRINTED.items() for row in rows],
)
def test_the_errors_printed_on_the_pages_are_there_letter_for_letter(operation, status, code, message):
    examples = load("hookbridge").operations[operation].responses[status].examples.values()
    assert {"code": code, "message": message} in [value["error"] for value in examples]


@pytest.mark.parametrize(
    ("operation", "status", "codes"),
    [
        ("replayInboundMessage", "409", {"DELIVERY_IN_PROGRESS", "RETRY_IN_PROGRESS"}),
        ("replayInboundMessage", "410", {"RETENTION_EXPIRED", "PAYLOAD_UNAVAILABLE", "MESSAGE_DELETED"}),
        ("sendWebhook", "400", {"PAYLOAD_TOO_LARGE"}),
        ("createEndpoint", "400", {"INVALID_ENDPOINT", "ENDPOINT_UNREACHABLE", "ENDPOINT_BLOCKED"}),
        ("createEndpoint", "409", {"DUPLICATE_URL"}),
    ],
)
def test_the_codes_that_pages_name_without_a_text_have_an_example_too(operation, status, codes):
    examples = load("hookbridge").operations[operation].responses[status].examples.values()
    assert codes <= {value["error"]["code"] for value in examples}


@pytest.mark.parametrize(
    ("operation", "example"),
    [
        ("pauseEndpoint", {"id": "ep_550e8400e29b41d4a716446655440000", "paused": True}),
        (
            "resumeEndpoint",
            {"id": "ep_550e8400e29b41d4a716446655440000", "paused": False, "messages_requeued": 42},
        ),
        ("retryNow", {"message_id": "01935abc-def0-7123-4567-890abcdef012", "status": "pending_retry"}),
        ("replayInboundMessage", {"message_id": "01935abc-def0-7123-4567-890abcdef012", "status": "queued"}),
    ],
)
def test_the_answers_printed_on_the_pages_are_there(operation, example):
    shown = load("hookbridge").operations[operation].responses["200"].examples.values()
    assert example in [value["data"] for value in shown]


@pytest.mark.parametrize(
    ("operation", "status", "message"),
    [
        ("PauseEndpoint", "202", "endpoint status updated successfully"),
        ("PauseEndpoint", "400", "failed to find endpoint"),
        (
            "PauseEndpoint",
            "400",
            "current endpoint status - inactive, does not support pausing or unpausing",
        ),
        ("PauseEndpoint", "401", "Authentication required"),
        ("PauseEndpoint", "401", "authorization failed"),
        ("ActivateEndpoint", "202", "endpoint status successfully activated"),
        ("ActivateEndpoint", "400", "current endpoint status - active, does not support activation"),
        ("GetEndpoint", "404", "Resource not found"),
        ("CreateEndpointEvent", "201", "Event queued successfully"),
        ("ResendEventDelivery", "200", "App event processed for retry successfully"),
        ("ResendEventDelivery", "400", "event already sent"),
        ("ResendEventDelivery", "400", "cannot resend event that did not fail previously"),
        ("ResendEventDelivery", "400", "the endpoint is currently paused"),
        ("BatchRetryEventDelivery", "200", "Batch retry processing"),
        ("BatchRetryEventDelivery", "400", "an active batch retry already exists"),
    ],
)
def test_the_messages_of_convoy_are_there_letter_for_letter(operation, status, message):
    examples = load("convoy").operations[operation].responses[status].examples.values()
    assert message in [value["message"] for value in examples]


def test_paused_is_a_status_that_messages_have_but_that_logs_cannot_be_asked_for():
    document = load("hookbridge")
    status = document.raw["components"]["schemas"]["MessageStatus"]
    assert "paused" in status["enum"]
    assert "no list" in status["x-inferred"]
    judge = Judge.of("hookbridge")
    assert not judge.request("getLogs", {}, {"status": ["failed_permanent"]}, {})
    assert [item.where for item in judge.request("getLogs", {}, {"status": ["paused"]}, {})] == [
        "query.status"
    ]


def test_an_error_of_convoy_has_no_data():
    judge = Judge.of("convoy")
    bare = {"status": False, "message": "Resource not found"}
    assert judge.response_ok("GetEndpoint", 404, bare)
    assert not judge.response_ok("GetEndpoint", 404, bare | {"data": None})


def test_convoy_reads_eventType_and_the_documented_name_is_marked_as_deprecated():
    parameters = load("convoy").raw["components"]["parameters"]
    assert parameters["EventTypeFilter"]["name"] == "eventType"
    assert parameters["EventTypeByDocument"]["deprecated"] is True
