"""`hooktop mock` as a process: ready, told where, stopped without loss, and clear about what is wrong."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from threading import Barrier, Thread
from time import monotonic
from urllib.parse import urlsplit

import httpx
import pytest

WAIT_S = 20


@contextmanager
def mock(*flags):
    """The command, running; ended at last whatever happens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hooktop", "mock", *flags],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ready_url(process):
    """The address after READY, which is the first line on standard output."""
    readable, _, _ = select.select([process.stdout], [], [], WAIT_S)
    line = process.stdout.readline() if readable else ""
    assert line.startswith("READY "), process.stderr.read()
    return line.split()[1]


def ended(process):
    out, err = process.communicate(timeout=WAIT_S)
    return process.returncode, out, err


def test_the_port_file_tells_where_and_is_gone_in_the_end(tmp_path):
    port_file = tmp_path / "deep" / "port.json"
    with mock("--port", "0", "--port-file", str(port_file), "--seed", "7") as process:
        url = ready_url(process)
        facts = json.loads(port_file.read_text())

        assert facts["url"] == url
        assert facts["pid"] == process.pid
        assert port_file.stat().st_mode & 0o077 == 0
        assert [each["api"] for each in facts["projects"]] == ["hookbridge", "convoy"]
        for each in facts["projects"]:
            path = "/v1/endpoints" if each["api"] == "hookbridge" else "/v1/projects/p"
            headers = {"Authorization": f"Bearer {each['api_key']}"}
            assert httpx.get(each["base_url"] + path, headers=headers).status_code == 200
        process.send_signal(signal.SIGTERM)
        code, out, err = ended(process)

    assert (code, out, err) == (0, "", "")
    assert list(port_file.parent.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_exit_codes_of_signals(number, code):
    with mock("--port", "0") as process:
        ready_url(process)
        process.send_signal(number)
        assert ended(process)[0] == code


def test_the_server_goes_with_who_started_it(tmp_path):
    """Even where that one is killed and can tell nobody."""
    port_file = tmp_path / "port.json"
    program = (
        "import subprocess, sys, time\n"
        "flags = ['--port', '0', '--port-file', sys.argv[1], '--stop-with-stdin']\n"
        "command = [sys.executable, '-m', 'hooktop', 'mock', *flags]\n"
        "subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stdout).wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(port_file)],
        stdout=subprocess.PIPE,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    try:
        ready_url(parent)
        parent.kill()
        # The server holds the other end of this pipe: it is at its end when the server is gone.
        readable, _, _ = select.select([parent.stdout], [], [], WAIT_S)
        assert readable
        assert parent.stdout.read() == ""
    finally:
        parent.kill()
        parent.communicate()
    assert not port_file.exists()


def test_without_the_wish_the_end_of_input_means_nothing():
    with mock("--port", "0") as process:
        url = ready_url(process)
        assert httpx.get(f"{url}/_mock/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 0


def test_one_seed_gives_the_same_keys_twice(tmp_path):
    keys = []
    for number in range(2):
        port_file = tmp_path / f"{number}.json"
        with mock(
            "--port", "0", "--port-file", str(port_file), "--seed", "7", "--clock", "virtual"
        ) as process:
            ready_url(process)
            keys.append([each["api_key"] for each in json.loads(port_file.read_text())["projects"]])
    assert keys[0] == keys[1]


def test_stopping_under_load_cuts_no_answer(tmp_path):
    port_file = tmp_path / "port.json"
    with mock("--port", "0", "--port-file", str(port_file)) as process:
        ready_url(process)
        project = json.loads(port_file.read_text())["projects"][1]
        clients = [Client(project) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.warm.wait(WAIT_S)
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 0
        for client in clients:
            client.join(WAIT_S)

    assert sum(client.answered for client in clients) >= 8 * Client.WARM
    assert [client.cut for client in clients if client.cut] == []


def test_slow_clients_do_not_hold_up_the_end():
    with mock("--port", "0") as process:
        place = urlsplit(ready_url(process))
        slow = [socket.create_connection((place.hostname, place.port)) for _ in range(24)]
        for wire in slow:
            wire.sendall(b"GET /v1/endpoints HTTP/1.1\r\nX-")
        assert httpx.get(f"{place.geturl()}/_mock/healthz", timeout=5).status_code == 200
        started = monotonic()
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "", "")
        assert (
            monotonic() - started < 10
        )  # far beyond what is promised, far below what a slow reader is given
        for wire in slow:
            wire.close()


def test_a_receiver_that_never_answers_does_not_hold_up_the_end(tmp_path):
    port_file = tmp_path / "port.json"
    with (
        socket.socket() as deaf,
        mock("--port", "0", "--port-file", str(port_file), "--deliver", "http") as process,
    ):
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        ready_url(process)
        project = json.loads(port_file.read_text())["projects"][1]
        with httpx.Client(headers={"Authorization": f"Bearer {project['api_key']}"}) as client:
            base = f"{project['base_url']}/v1/projects/p"
            endpoint = {"name": "deaf", "url": f"http://127.0.0.1:{deaf.getsockname()[1]}/"}
            made = client.post(f"{base}/endpoints", json=endpoint).json()["data"]
            event = {"endpoint_id": made["uid"], "event_type": "a", "data": {"n": 1}}
            assert client.post(f"{base}/events", json=event).status_code == 201
        connection, _ = deaf.accept()
        with connection:
            process.send_signal(signal.SIGTERM)
            began = monotonic()
            assert ended(process)[0] == 0
            assert monotonic() - began < 6


class Client(Thread):
    """Asks over one kept connection until the server says that it closes, and notes an answer cut short."""

    WARM = 5

    def __init__(self, project):
        super().__init__(daemon=True)
        self.project = project
        self.warm = Barrier(2)
        self.answered = 0
        self.cut = ""

    def run(self):
        address = urlsplit(self.project["base_url"])
        request = (
            f"GET {address.path}/v1/projects/p HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Authorization: Bearer {self.project['api_key']}\r\n\r\n"
        ).encode()
        with socket.create_connection((address.hostname, address.port), timeout=WAIT_S) as connection:
            while not self.cut:
                connection.sendall(request)
                if not self._read(connection):
                    return
                self.answered += 1
                if self.answered == self.WARM:
                    self.warm.wait(WAIT_S)

    def _read(self, connection):
        """One whole answer; False when it was the last one."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more(connection, received)
            if self.cut:
                return False
        head, _, body = received.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        while len(body) < int(fields[b"content-length"]):
            body += self._more(connection, body)
            if self.cut:
                return False
        return fields.get(b"connection") != b"close"

    def _more(self, connection, so_far):
        try:
            more = connection.recv(65536)
        except OSError as error:
            more, so_far = b"", str(error).encode()
        if not more:
            self.cut = f"request {self.answered + 1}: closed after {so_far[-80:]!r}"
        return more


# --- what is wrong -----------------------------------------------------------


def test_a_port_in_use_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with mock("--port", str(port)) as process:
            code, out, err = ended(process)
    assert (code, out) == (1, "")
    assert str(port) in err
    assert "--port" in err
    assert "Traceback" not in err


BAD_SCENARIO = """\
name: mine
projects:
  - api: convoy
    name: partners
    endpoints:
      - name: acme
        colour: red
"""


def test_a_scenario_with_an_error_names_file_line_and_reason(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(BAD_SCENARIO)
    with mock("--port", "0", "--scenario", str(file)) as process:
        code, out, err = ended(process)
    assert (code, out) == (2, "")
    assert f"{file}:" in err
    assert "colour" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--scenario", "nosuch"], "nosuch"),
        (["--clock", "broken"], "--clock"),
        (["--clock", "scaled:0"], "--clock"),
        (["--clock", "virtual:soon"], "--clock"),
        (["--store", "postgres"], "--store"),
        (["--host", "0.0.0.0"], "--admin-token"),
        (["--stream-port", "0"], "--stream-port"),
    ],
)
def test_a_wrong_flag_is_named(flags, named):
    with mock("--port", "0", *flags) as process:
        code, out, err = ended(process)
    assert (code, out) == (2, "")
    assert named in err
    assert "Traceback" not in err


def test_off_loopback_the_control_api_needs_the_token():
    environment = {**os.environ, "HOOKTOP_ADMIN_TOKEN": "let-me-in"}
    process = subprocess.Popen(
        [sys.executable, "-m", "hooktop", "mock", "--host", "0.0.0.0", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        url = ready_url(process).replace("0.0.0.0", "127.0.0.1")
        tokens = {None: 401, "wrong": 401, "let-me-in": 200}
        for token, status in tokens.items():
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            assert httpx.get(f"{url}/_mock/v1/projects", headers=headers).status_code == status
        assert httpx.get(f"{url}/_mock/healthz").status_code == 200
    finally:
        process.kill()
        process.communicate()


def test_json_log_lines(tmp_path):
    with mock("--port", "0", "--log-format", "json", "--store", f"sqlite:{tmp_path}/data") as process:
        url = ready_url(process)
        made = httpx.post(f"{url}/_mock/v1/projects", json={"api": "convoy"}).json()["data"]
        assert made["api"] == "convoy"
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process)
    assert code == 0
    for line in err.splitlines():
        assert json.loads(line)["level"]


def test_a_file_store_has_its_projects_again(tmp_path):
    flags = ["--port", "0", "--store", f"sqlite:{tmp_path}/data"]
    seen = []
    for _ in range(2):
        with mock(*flags) as process:
            url = ready_url(process)
            seen.append(sorted(each["id"] for each in httpx.get(f"{url}/_mock/v1/projects").json()["data"]))
            process.send_signal(signal.SIGTERM)
            assert ended(process)[0] == 0
    assert seen[0] == seen[1]
    assert len(seen[0]) == 2
