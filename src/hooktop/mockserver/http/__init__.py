"""What every API of the server shares: the way of a request from its socket to its answer.

A wing subclasses `wing.Wing`, says its errors and headers there, and adds views:

    @wing.operation("getEndpoint", "GET", "/v1/endpoints/<id>")
    def get_endpoint(call: Call) -> Answer:
        endpoint = call.tenant.store.endpoint(call.path["id"])
        return Answer(200, {...})

A view reads `call.tenant`, `call.path`, `call.query`, `call.body`, `call.now`, `call.request_id`; it answers
`Answer(status, JSON-able body)` or raises `ApiError`. What the engine raises goes through `Wing.translate`.

Each wing's package exposes `DIALECT` (what the engine asks of a provider) and `wing(registry, site, judge) -> Wing`
with all its operations registered; `Site` knows the addresses of the running server.
"""
