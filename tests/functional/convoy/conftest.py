"""Verbs of this API for its tests."""

import pytest

BASE = "/v1/projects/p"


class World:
    """A project with the calls that its tests are made of; every answer is judged by the document."""

    def __init__(self, project):
        self.project = project

    def create(self, name="acme", url=None, **fields):
        body = {"name": name, "url": url or f"https://{name}.receiver.example", **fields}
        answer = self.project.call("CreateEndpoint", "POST", f"{BASE}/endpoints", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["data"]

    def show(self, endpoint_id):
        return self.project.call("GetEndpoint", "GET", f"{BASE}/endpoints/{endpoint_id}").json()["data"]

    def pause(self, endpoint_id):
        return self.project.call("PauseEndpoint", "PUT", f"{BASE}/endpoints/{endpoint_id}/pause")

    def activate(self, endpoint_id):
        return self.project.call("ActivateEndpoint", "POST", f"{BASE}/endpoints/{endpoint_id}/activate")

    def send(self, endpoint_id, number=1, **fields):
        body = {"endpoint_id": endpoint_id, "event_type": "order.created", "data": {"n": number}, **fields}
        answer = self.project.call("CreateEndpointEvent", "POST", f"{BASE}/events", json=body)
        assert answer.status_code == 201, answer.text
        return answer

    def deliver(self, endpoint_id, number=1, **fields):
        """Send, and give the delivery that comes of it."""
        self.send(endpoint_id, number, **fields)
        return self.list(endpointId=endpoint_id)[0]

    def page(self, **params):
        answer = self.project.call("GetEventDeliveriesPaged", "GET", f"{BASE}/eventdeliveries", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def list(self, **params):
        return self.page(**params)["content"]

    def get(self, delivery_id):
        return self.project.call("GetEventDelivery", "GET", f"{BASE}/eventdeliveries/{delivery_id}").json()[
            "data"
        ]

    def resend(self, delivery_id):
        return self.project.call("ResendEventDelivery", "PUT", f"{BASE}/eventdeliveries/{delivery_id}/resend")

    def batch_retry(self, **params):
        path = f"{BASE}/eventdeliveries/batchretry"
        return self.project.call("BatchRetryEventDelivery", "POST", path, params=params)

    def attempts(self, delivery_id):
        path = f"{BASE}/eventdeliveries/{delivery_id}/deliveryattempts"
        return self.project.call("GetDeliveryAttempts", "GET", path).json()["data"]


@pytest.fixture
def new_world(new_project):
    return lambda **chosen: World(new_project("convoy", **{"seed": 1, **chosen}))


@pytest.fixture
def world(new_world):
    return new_world(profile={"interval_s": "60", "retry_count": "3"})
