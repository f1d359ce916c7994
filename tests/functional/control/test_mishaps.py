"""What nobody foresaw is the vendor's 500 and one entry in the log, never a traceback to a client."""

import logging

import pytest

from hooktop.mockserver.engine.desk import Desk


class Unforeseen(Exception):
    """What no wing translates."""


@pytest.fixture
def broken(monkeypatch):
    def fail(*_args, **_given):
        raise Unforeseen("secret detail")

    monkeypatch.setattr(Desk, "replay", fail)
    monkeypatch.setattr(Desk, "message", fail)


@pytest.mark.parametrize(
    ("api", "method", "path"),
    [
        ("hookbridge", "GET", "/v1/messages/01935abc-def0-7123-4567-890abcdef012"),
        ("convoy", "PUT", "/v1/projects/p/eventdeliveries/x/resend"),
    ],
)
def test_an_unforeseen_error(broken, new_project, caplog, api, method, path):
    with caplog.at_level(logging.ERROR, logger="hooktop"):
        answer = new_project(api).http.request(method, path)

    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    (record,) = [record for record in caplog.records if record.name == "hooktop.mockserver"]
    assert answer.headers["X-Request-ID"] in record.getMessage()


def test_an_unforeseen_error_of_the_control_api(broken, new_project, caplog):
    with caplog.at_level(logging.CRITICAL, logger="hooktop"):
        answer = new_project("convoy").steer("getMessageTruth", "GET", "/messages/x")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "INTERNAL_ERROR"
