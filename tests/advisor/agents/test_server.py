"""The MCP server, spoken to by the SDK's own clients: in-process, stdio and HTTP.

Whoever starts a server here ends it: the clients close its standard input, and the HTTP
server is a process of the test's own.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client, ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from advisor.agents import server
from advisor.agents.server import INSTRUCTIONS, TOKEN_VARIABLE, build_server
from advisor.agents.tools import TOOLS, call_tool
from advisor.cli.main import main
from advisor.service import Advisor
from knowledge.errors import SettingsError
from tests.waiting import LIMIT_SECONDS, POLL_SECONDS

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "a token of this test"
QUESTION = {"workload": "realface", "batch_size": 5}
Talk = Callable[[ClientSession], Awaitable[Any]]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A seeded store that all servers here open; its fits are kept beside it."""
    folder = tmp_path_factory.mktemp("mcp") / "a store"
    with Advisor.open(folder) as advisor:
        advisor.recommend(**QUESTION)
    return folder


@pytest.fixture(scope="module")
def advisor(store):
    with Advisor.open(store) as opened:
        yield opened


def environment(**more: str) -> dict[str, str]:
    return {
        "LR_ADVISOR_NO_STUDY": "1",
        "LR_ADVISOR_NO_LIBRARY": "1",
        "LR_ADVISOR_WORKERS": "2",
        "OMP_NUM_THREADS": "1",
        **more,
    }


def over_stdio(store: Path, talk: Talk, *command: str) -> Any:
    """Start a server on a store, let a client talk to it, and return what it says."""
    server = StdioServerParameters(
        command=sys.executable,
        args=[*(command or ("-m", "advisor.cli")), "mcp", "--store", str(store)],
        env=environment(),
        cwd=ROOT,
    )

    async def run() -> Any:
        with open(os.devnull, "w") as nowhere:
            async with (
                stdio_client(server, errlog=nowhere) as streams,
                ClientSession(*streams) as session,
            ):
                await session.initialize()
                return await talk(session)

    return anyio.run(run)


def in_process(advisor: Advisor, talk: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        async with Client(build_server(advisor)) as client:
            return await talk(client)

    return anyio.run(run)


def said(result: Any) -> str:
    """The text of a result: one part, and the same as its structured form."""
    (part,) = result.content
    if not result.is_error:
        assert json.loads(part.text) == result.structured_content
    return part.text


def refusal(result: Any) -> str:
    text = said(result)
    assert result.is_error
    assert "Traceback" not in text
    assert len(text) < 300
    return text


# -- what is offered -------------------------------------------------------------------


def test_the_table_is_offered_with_its_own_schemas_and_hints(advisor):
    async def talk(client: Client) -> Any:
        return await client.list_tools()

    listed = {tool.name: tool for tool in in_process(advisor, talk).tools}
    assert list(listed) == list(TOOLS)
    for name, tool in TOOLS.items():
        assert listed[name].input_schema == tool.schema
        assert listed[name].description == tool.description
        hints = listed[name].annotations
        assert hints.destructive_hint is tool.acts
        assert hints.read_only_hint is not (tool.acts or tool.proposes)
        assert hints.open_world_hint is False
    assert listed["recommend"].annotations.read_only_hint
    assert listed["approve_plan"].annotations.destructive_hint


def test_the_instructions_forbid_numbers_of_ones_own_and_yeses_of_ones_own():
    assert "no rate, probability, interval or time that does not stand" in INSTRUCTIONS
    assert "only after their yes" in INSTRUCTIONS
    named = [name for name in TOOLS if name in INSTRUCTIONS]
    assert {"propose_runs", "propose_cancel", "approve_plan"} <= set(named)


def test_a_mistake_of_ours_is_short_for_the_client_and_whole_on_stderr(
    advisor, monkeypatch, caplog
):
    def broken(advisor: Advisor, given: object) -> dict[str, Any]:
        raise ZeroDivisionError("secret details")

    monkeypatch.setitem(TOOLS, "jobs", replace(TOOLS["jobs"], call=broken))

    async def talk(client: Client) -> Any:
        return await client.call_tool("jobs", {})

    text = refusal(in_process(advisor, talk))
    assert "secret" not in text
    assert "mistake of the program" in text
    assert "ZeroDivisionError: secret details" in caplog.text


def test_a_number_that_json_does_not_know_never_reaches_the_client(
    advisor, monkeypatch
):
    def odd(advisor: Advisor, given: object) -> dict[str, Any]:
        return {"rate": float("nan")}

    monkeypatch.setitem(TOOLS, "jobs", replace(TOOLS["jobs"], call=odd))

    async def talk(client: Client) -> Any:
        return await client.call_tool("jobs", {})

    assert json.loads(said(in_process(advisor, talk))) == {"rate": None}


def test_a_slow_call_does_not_block_a_fast_one(advisor, monkeypatch):
    """The slow one ends only once the fast one has been answered."""
    begun, answered = threading.Event(), threading.Event()

    def slow(advisor: Advisor, given: object) -> dict[str, Any]:
        begun.set()
        return {"waited_for_the_fast_one": answered.wait(LIMIT_SECONDS)}

    monkeypatch.setitem(TOOLS, "jobs", replace(TOOLS["jobs"], call=slow))

    async def talk(client: Client) -> list[Any]:
        results: list[Any] = []

        async def call(name: str) -> None:
            results.append(await client.call_tool(name, {}))

        async with anyio.create_task_group() as group:
            group.start_soon(call, "jobs")
            await anyio.to_thread.run_sync(begun.wait, LIMIT_SECONDS)
            await call("workloads")
            answered.set()
        return results

    fast, slow_one = in_process(advisor, talk)
    assert "workloads" in fast.structured_content
    assert slow_one.structured_content == {"waited_for_the_fast_one": True}


# -- standard input and output ---------------------------------------------------------


@pytest.mark.slow
def test_a_client_reads_asks_and_is_refused_in_sentences(store, advisor):
    async def talk(session: ClientSession) -> dict[str, Any]:
        calls = {
            "recommend": QUESTION,
            "judge": {**QUESTION, "learning_rate": 7e-5},
            "ask": {"question": "what LR for batch 5 on RealFace?"},
            "sql": {"query": "select count(*) as n from claims"},
        }
        found = {name: await session.call_tool(name, a) for name, a in calls.items()}
        bad = [
            ("no_such_tool", {}),
            ("recommend", {"workload": "realface"}),
            ("recommend", {**QUESTION, "batch_size": 10**400}),
            ("recommend", {**QUESTION, "batch_size": True}),
            ("recommend", {**QUESTION, "optimizer": ["adam"]}),
            ("recommend", {"workload": "RealFaces", "batch_size": 5}),
            ("judge", {**QUESTION, "learning_rate": -1}),
            ("sql", {"query": "delete from runs"}),
            ("approve_plan", {"plan_id": "plan:0123456789ab"}),
            ("approve_plan", {"plan_id": "../../../etc/passwd"}),
        ]
        return {**found, "bad": [await session.call_tool(*call) for call in bad]}

    found = over_stdio(store, talk)
    expected = call_tool(advisor, "recommend", QUESTION)
    assert found["recommend"].structured_content == expected
    assert json.loads(said(found["judge"]))["verdict"] in ("risky", "unsafe")
    assert json.loads(said(found["ask"]))["intent"] == "recommend_lr"
    assert json.loads(said(found["sql"]))["rows"][0][0] > 30
    sentences = [refusal(result) for result in found["bad"]]
    for part, sentence in zip(
        (
            *("known are", "batch_size is missing", "1 to 10,000,000"),
            *("batch_size is True", "optimizer is", "Did you mean realface"),
            *("learning_rate is -1", "Only one SELECT", "No plan", "no plan's id"),
        ),
        sentences,
        strict=True,
    ):
        assert part in sentence


@pytest.mark.slow
def test_a_plan_is_proposed_approved_once_and_really_trained(tmp_path):
    """Two runs of a second each; the store is another one, since it changes."""
    asked = {
        "workload": "digits_mlp",
        "batch_sizes": [32],
        "learning_rates": [1e-3, 3e3],
        "optimizer": "sgd",
        "budget_seconds": 1,
    }

    async def talk(session: ClientSession) -> dict[str, Any]:
        plan = (await session.call_tool("propose_runs", asked)).structured_content
        before = (await session.call_tool("jobs", {})).structured_content
        plan_id = {"plan_id": plan["plan_id"]}
        done = (await session.call_tool("approve_plan", plan_id)).structured_content
        again = await session.call_tool("approve_plan", plan_id)
        name = {"verification_id": done["verification_id"]}
        with anyio.fail_after(LIMIT_SECONDS):
            while True:
                how = await session.call_tool("verification", name)
                if how.structured_content["state"] != "running":
                    break
                await anyio.sleep(POLL_SECONDS)
        return {
            "plan": plan,
            "before": before,
            "done": done,
            "again": again,
            "after": how.structured_content,
        }

    found = over_stdio(tmp_path / "store", talk)
    assert "2 runs of digits_mlp at batch 32" in found["plan"]["summary"]
    assert found["before"] == {"jobs": []}
    assert len(found["done"]["ids"]) == 2
    assert "a plan works once" in refusal(found["again"])
    assert found["after"]["state"] == "finished"
    outcomes = {r["learning_rate"]: r["outcome"] for r in found["after"]["runs"]}
    assert outcomes[3e3] == "diverged"
    assert set(outcomes) == {1e-3, 3e3}


NOISY = """
import os, sys, warnings
from dataclasses import replace
import advisor.agents.tools as tools
def noisy(advisor, given):
    print("a print that nobody flushed")
    sys.__stdout__.write("past the redirection")
    os.write(1, b"straight to the descriptor")
    warnings.warn("a warning")
    os.system("echo a child of ours")
    return {"read": os.read(0, 10).decode()}
tools.TOOLS["jobs"] = replace(tools.TOOLS["jobs"], call=noisy)
print("printed while loading")
from advisor.cli.main import main
sys.exit(main())
"""


def spoken(*messages: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(m).encode() + b"\n" for m in messages)


HELLO = spoken(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "0"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
)


def started(store: Path, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *command, "mcp", "--store", str(store)],
        cwd=ROOT,
        env={**os.environ, **environment()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
def test_nothing_but_the_protocol_goes_to_standard_output(store):
    """Whatever prints ends on standard error, and no tool can read the wire."""
    loud = NOISY.replace('print("printed while loading")\n', "")
    process = started(store, "-c", loud)
    call = {"name": "jobs", "arguments": {}}
    asked = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}
    process.stdin.write(HELLO + b"this is no JSON\n" + spoken(asked))
    process.stdin.flush()
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    while lines[-1].get("id") != 2:
        lines.append(json.loads(process.stdout.readline()))
    rest, errors = process.communicate()
    assert rest == b""
    assert all(line["jsonrpc"] == "2.0" for line in lines)
    assert lines[-1]["result"]["structuredContent"] == {"read": ""}
    for noise in ("nobody flushed", "past the", "straight to", "a warning", "a child"):
        assert noise in errors.decode()
    assert process.returncode == 0


@pytest.mark.slow
def test_the_server_ends_when_its_client_goes(store):
    process = started(store, "-m", "advisor.cli")
    process.stdin.write(HELLO)
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["id"] == 1
    process.stdin.close()
    assert process.wait() == 0
    assert process.stdout.read() == b""
    assert process.stderr.read() == b""
    process.stdout.close()
    process.stderr.close()


# -- HTTP ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def url(store) -> Iterator[str]:
    """An HTTP server in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["-m", "advisor.cli", "mcp", "--http", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, *command, "--store", str(store)],
        cwd=ROOT,
        env={**os.environ, **environment(**{TOKEN_VARIABLE: TOKEN})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = process.stderr.readline()
    assert first == f"MCP on http://127.0.0.1:{port}/mcp\n"
    yield f"http://127.0.0.1:{port}/mcp"
    process.terminate()
    out, _ = process.communicate()
    assert out == ""


def over_http(url: str, talk: Talk, *, token: str | None = TOKEN) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def run() -> Any:
        async with (
            httpx2.AsyncClient(headers=headers, timeout=None) as http,
            streamable_http_client(url, http_client=http) as streams,
            ClientSession(*streams) as session,
        ):
            await session.initialize()
            return await talk(session)

    return anyio.run(run)


def status(url: str, **headers: str) -> int:
    """The status of the request that opens a session."""
    asked = urllib.request.Request(
        url,
        data=HELLO.splitlines()[0],
        headers={
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )
    try:
        with urllib.request.urlopen(asked, timeout=LIMIT_SECONDS) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.slow
def test_over_http_the_same_answers_come_to_who_has_the_token(url, advisor):
    async def talk(session: ClientSession) -> Any:
        listed = await session.list_tools()
        assert [tool.name for tool in listed.tools] == list(TOOLS)
        bad = await session.call_tool("recommend", {"workload": "realface"})
        assert "batch_size is missing" in refusal(bad)
        return await session.call_tool("recommend", QUESTION)

    found = over_http(url, talk)
    assert found.structured_content == call_tool(advisor, "recommend", QUESTION)


@pytest.mark.slow
@pytest.mark.parametrize("token", [None, "wrong", TOKEN + "x", TOKEN[:-1]])
def test_a_client_without_the_token_gets_nothing(url, token):
    async def talk(session: ClientSession) -> None:
        pytest.fail("it was let in")

    with pytest.raises(Exception):  # noqa: B017, PT011 - a group of the client's own
        over_http(url, talk, token=token)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"bearer {TOKEN}"}, 200),
        ({}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": "Bearer \xe4\xf6\xfc"}, 401),
        ({"Authorization": "Bearer " + "x" * 10_000}, 401),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Host": "127.0.0.1.evil.example"}, 421),
        ({"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 401),
    ],
)
def test_token_host_and_origin_are_checked(url, headers, expected):
    assert status(url, **headers) == expected


@pytest.mark.slow
def test_without_a_token_no_path_and_no_method_says_anything(url):
    base = url.removesuffix("/mcp")
    for path in ("/", "/mcp", "/docs", "/openapi.json", "/../mcp"):
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            asked = urllib.request.Request(base + path, method=method)
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(asked, timeout=LIMIT_SECONDS)
            with caught.value as error:
                assert error.code == 401
                assert error.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.slow
def test_a_request_that_is_too_large_is_refused(url):
    asked = urllib.request.Request(
        url,
        data=b" " * (server.MOST_REQUEST_BYTES + 1),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Bearer {TOKEN}",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(asked, timeout=LIMIT_SECONDS)
    with caught.value as error:
        assert error.code == 413


def test_a_name_by_which_clients_call_it_can_be_allowed(advisor, monkeypatch):
    seen: list[Any] = []
    built = server.build_server(advisor)
    monkeypatch.setattr(server, "build_server", lambda advisor: built)
    monkeypatch.setattr(
        type(built),
        "streamable_http_app",
        lambda self, **settings: seen.append(settings["transport_security"]),
    )
    server.build_http_app(advisor, token=TOKEN, host="::1", names=["lr.example.org"])
    hosts = seen[0].allowed_hosts
    assert {"lr.example.org", "lr.example.org:*", "[::1]:*", "127.0.0.1:*"} <= set(
        hosts
    )
    assert not any(host.startswith("*") for host in hosts)
    assert seen[0].enable_dns_rebinding_protection


# -- the command -----------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "  \n"])
def test_http_without_a_token_does_not_start(tmp_path, monkeypatch, capsys, token):
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    if token is not None:
        monkeypatch.setenv(TOKEN_VARIABLE, token)
    assert main(["mcp", "--http", "--store", str(tmp_path / "store")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{TOKEN_VARIABLE} is not set" in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert not (tmp_path / "store").exists()


def test_no_application_is_built_without_a_token(advisor):
    with pytest.raises(SettingsError, match="is not set"):
        server.build_http_app(advisor, token=" ", host="127.0.0.1")


@pytest.mark.parametrize("port", ["0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(store, monkeypatch, capsys, port):
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    assert main(["mcp", "--http", f"--port={port}", "--store", str(store)]) == 2
    assert "give 1 to 65535" in capsys.readouterr().err


def test_a_port_in_use_or_an_address_of_elsewhere_is_said_so(
    store, monkeypatch, capsys
):
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for host in ("127.0.0.1", "192.0.2.1", "no such host"):
            command = ["mcp", "--http", "--port", str(port), "--host", host]
            assert main([*command, "--store", str(store)]) == 2
            said_so = capsys.readouterr().err
            assert f"Port {port} of {host} cannot be used" in said_so
            assert len(said_so.strip().splitlines()) == 1


def test_without_the_package_it_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["mcp", "--store", str(tmp_path / "store")]) == 2
    said_so = capsys.readouterr().err
    assert "pip install -e '.[mcp]'" in said_so
    assert len(said_so.strip().splitlines()) == 1


def test_asking_and_approving_need_no_mcp_package():
    """`make app` installs without it."""
    code = (
        "import sys; sys.modules['mcp'] = sys.modules['mcp_types'] = None\n"
        "import advisor.cli.main, advisor.service, advisor.agents.tools\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.slow
def test_an_interrupted_server_ends_without_a_traceback(store):
    """Ctrl-C in a terminal, where nobody closes standard input."""
    process = started(store, "-m", "advisor.cli")
    process.stdin.write(HELLO)
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait() == -signal.SIGINT
    finally:
        process.kill()
        _, errors = process.communicate()
    assert errors == b""
