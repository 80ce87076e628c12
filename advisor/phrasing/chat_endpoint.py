"""One request to a chat-completions address, bounded in time, size and destination.

The standard library's client follows no redirect, asks no proxy and reads no password
file, so question and key go to the configured host alone. A thread waits, so that the
limit holds also while a name is looked up or a server sends a byte at a time.
"""

import http.client
import json
import queue
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from advisor.settings import LanguageModelSettings

_MOST_BYTES = 256 * 1024
_OK = 200


class EndpointError(Exception):
    """The model gave nothing to use; the text is a short phrase that says why."""


def fetch_text(
    settings: LanguageModelSettings, messages: Sequence[Mapping[str, str]]
) -> str:
    """Return the text that the model answers with.

    Raises:
        EndpointError: No answer in time, an error, or not what the interface promises.
    """
    asked = {"model": settings.model, "messages": list(messages)}
    return _text_of(_post(settings, json.dumps(asked).encode()))


def _post(settings: LanguageModelSettings, body: bytes) -> bytes:
    connection = _connection(settings.base_url, settings.seconds)
    outcome: queue.Queue[bytes | EndpointError] = queue.Queue()
    threading.Thread(
        target=_carry_out,
        args=(connection, settings, body, outcome),
        name="language model",
        daemon=True,
    ).start()
    try:
        found = outcome.get(timeout=settings.seconds)
    except queue.Empty:
        _hang_up(connection)
        raise EndpointError(_late(settings)) from None
    if isinstance(found, EndpointError):
        raise found
    return found


def _late(settings: LanguageModelSettings) -> str:
    """The phrase for a model that took too long."""
    return f"it did not answer in {settings.seconds:g} s"


def _connection(base_url: str, seconds: float) -> http.client.HTTPConnection:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            host, parts.port, timeout=seconds, context=context
        )
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


def _carry_out(
    connection: http.client.HTTPConnection,
    settings: LanguageModelSettings,
    body: bytes,
    outcome: "queue.Queue[bytes | EndpointError]",
) -> None:
    try:
        outcome.put(_exchange(connection, settings, body))
    except EndpointError as error:
        outcome.put(error)
    except TimeoutError:
        outcome.put(EndpointError(_late(settings)))
    except ssl.SSLError:
        outcome.put(EndpointError("its certificate cannot be trusted"))
    except (http.client.HTTPException, OSError, ValueError):
        # ValueError: a socket that was closed, or a length that is no number.
        outcome.put(EndpointError("it could not be reached, or hung up"))
    finally:
        connection.close()


def _exchange(
    connection: http.client.HTTPConnection,
    settings: LanguageModelSettings,
    body: bytes,
) -> bytes:
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    if settings.api_key:
        headers["Authorization"] = f"Bearer {settings.api_key}"
    path = urlsplit(settings.base_url).path + "/chat/completions"
    connection.request("POST", path, body, headers)
    with connection.getresponse() as response:
        if response.status != _OK:
            raise EndpointError(_status_phrase(response.status))
        content = response.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise EndpointError("it answered with more than can be read")
    return content


def _status_phrase(status: int) -> str:
    if 300 <= status < 400:
        return f"it pointed to another address ({status}), which is not followed"
    meaning = {
        401: "it did not accept the key",
        403: "it did not accept the key",
        404: "it knows no such address or model",
        429: "it has too many requests",
    }
    return f"{meaning.get(status, 'it answered with an error')} ({status})"


def _hang_up(connection: http.client.HTTPConnection) -> None:
    """Wake the thread that reads; closing alone would leave it waiting."""
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # hung up already


def _text_of(content: bytes) -> str:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise EndpointError("it answered with something that is no JSON") from None
    choices = document.get("choices") if isinstance(document, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise EndpointError("it answered in a form that is not understood")
    if first.get("finish_reason") == "length":
        raise EndpointError("its answer ended early")
    if message.get("tool_calls"):
        raise EndpointError("it called a tool, and it was given none")
    text = message.get("content")
    if text is not None and not isinstance(text, str):
        raise EndpointError("it answered in a form that is not understood")
    return text or ""
