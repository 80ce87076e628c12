"""The tools (advisor.agents.tools) for agents, over the Model Context Protocol.

On standard input and output, or over HTTP behind a token. The official SDK's low-level
server publishes the table's schemas as they are; MCPServer would make others.
"""

import contextlib
import hmac
import json
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from anyio import CapacityLimiter
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from advisor.agents.tool import Tool
from advisor.agents.tools import TOOLS, call_tool
from advisor.service import Advisor
from knowledge.errors import AdvisorError, SettingsError
from knowledge.version import program_version

PATH = "/mcp"
TOKEN_VARIABLE = "LR_ADVISOR_MCP_TOKEN"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
MOST_CALLS_AT_ONCE = 8
# A request holds one question or query; the longest of those is 20,000 characters.
MOST_REQUEST_BYTES = 256 * 1024
INSTRUCTIONS = """\
LR Advisor says which learning rate a batch size stands for a model, from stored runs
and reports, with intervals, and plans the training runs that would make it surer.

- Numbers: give the person no rate, probability, interval or time that does not stand in
  a tool's result. Where a result holds null, say that it is not known.
- Pass on the caveats, and the basis: a rate that is only reported, borrowed or
  extrapolated was not measured for this model at this batch size.
- Reading tools start nothing. propose_runs and propose_cancel (and ask, when a person
  wishes for an action) return a plan that waits. Show its summary to the person, and
  call approve_plan only after their yes to that very plan. A plan works once.
- After approve_plan follow the runs with the tool verification, or jobs."""
_BUG = (
    "The tool failed by a mistake of the program, not of yours; the server's error "
    "output has the details."
)
_log = logging.getLogger("lr-advisor")

Context = ServerRequestContext[Any]


def build_server(advisor: Advisor) -> Server[Any]:
    """Return a server of the tools of one advisor; each call runs in a thread."""
    limiter = CapacityLimiter(MOST_CALLS_AT_ONCE)

    async def list_tools(
        context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(t) for t in TOOLS.values()])

    async def call(
        context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        work = partial(_called, advisor, params.name, params.arguments or {})
        # Never abandoned: a plan that is being approved is carried out to its end.
        return await anyio.to_thread.run_sync(work, limiter=limiter)

    return Server(
        "lr-advisor",
        version=program_version(),
        title="LR Advisor",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call,
    )


def _described(tool: Tool) -> types.Tool:
    reads = not (tool.acts or tool.proposes)
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.schema,
        annotations=types.ToolAnnotations(
            title=tool.name.replace("_", " ").capitalize(),
            read_only_hint=reads,
            destructive_hint=tool.acts,
            idempotent_hint=reads,
            open_world_hint=False,
        ),
    )


def _called(
    advisor: Advisor, name: str, arguments: dict[str, Any]
) -> types.CallToolResult:
    try:
        document = call_tool(advisor, name, arguments)
        text = json.dumps(document, allow_nan=False, ensure_ascii=False)
    except AdvisorError as error:
        return _failed(str(error))
    except Exception:
        _log.exception("The tool %s failed.", name)
        return _failed(_BUG)
    return types.CallToolResult(
        content=[types.TextContent(text=text)], structured_content=document
    )


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)


# -- standard input and output ---------------------------------------------------------


def serve_stdio(advisor: Advisor) -> None:
    """Serve the program that started this one, until it closes our standard input."""
    # Who waits for input in a thread cannot be interrupted any other way.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        anyio.run(_serve_stdio, build_server(advisor))
    finally:
        signal.signal(signal.SIGINT, before)


async def _serve_stdio(server: Server[Any]) -> None:
    async with stdio_server() as (received, sent):
        # The protocol has a descriptor of its own by now. Whatever else prints would
        # otherwise be written out when that descriptor is given back.
        with contextlib.redirect_stdout(sys.stderr):
            await server.run(received, sent, server.create_initialization_options())


# -- HTTP ------------------------------------------------------------------------------


def serve_http(
    advisor: Advisor, *, token: str, host: str, port: int, names: Sequence[str] = ()
) -> None:
    """Serve clients that show a token, until interrupted.

    `names` are further names by which clients may call this server.

    Raises:
        SettingsError: The token is empty, or the address cannot be used.
    """
    app = build_http_app(advisor, token=token, host=host, names=names)
    with _listening(host, port) as listener:
        sys.stderr.write(f"MCP on http://{_url_host(host)}:{port}{PATH}\n")
        if _url_host(host) not in LOOPBACK:
            sys.stderr.write(
                "Other machines can reach this. The token travels as it is: put a "
                "server with TLS in front.\n"
            )
        config = uvicorn.Config(
            app,
            log_config=None,
            ws="none",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        uvicorn.Server(config).run(sockets=[listener])


def check_token(token: str) -> None:
    """Refuse to serve without a token; SettingsError says what to do."""
    if not token.strip():
        raise SettingsError(
            f"{TOKEN_VARIABLE} is not set: give it a long random text that clients "
            "must send, since nothing is served over HTTP without one."
        )


def build_http_app(
    advisor: Advisor, *, token: str, host: str, names: Sequence[str] = ()
) -> ASGIApp:
    """Return the HTTP application: a token for every request, known hosts only.

    Raises:
        SettingsError: The token is empty.
    """
    check_token(token)
    hosts = list(dict.fromkeys([*LOOPBACK, _url_host(host), *map(_url_host, names)]))
    app = build_server(advisor).streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=MOST_REQUEST_BYTES,
        max_sessions=100,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[form for h in hosts for form in (h, f"{h}:*")],
            # A browser names the page that asks; a page of our own there is none.
            allowed_origins=[],
        ),
    )
    return _TokenGate(app, token)


class _TokenGate:
    """Lets through what shows the token; all else gets 401 and reaches nothing."""

    def __init__(self, app: ASGIApp, token: str):
        self._app = app
        self._wanted = token.strip().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._is_shown(scope):
            await self._app(scope, receive, send)
            return
        answer = PlainTextResponse(
            "A token is needed: Authorization: Bearer TOKEN.\n",
            status_code=401,
            headers={"WWW-Authenticate": "Bearer"},
        )
        await answer(scope, receive, send)

    def _is_shown(self, scope: Scope) -> bool:
        shown = [v for name, v in scope["headers"] if name == b"authorization"]
        if len(shown) != 1:
            return False
        kind, _, token = shown[0].partition(b" ")
        is_equal = hmac.compare_digest(token.strip(), self._wanted)
        return is_equal and kind.lower() == b"bearer"


def _url_host(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets.

    >>> _url_host("::1"), _url_host("localhost")
    ('[::1]', 'localhost')
    """
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _listening(host: str, port: int) -> socket.socket:
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        return socket.create_server((bare, port), family=family)
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"Port {port} of {host} cannot be used ({error}): choose another with "
            "--port."
        ) from error
