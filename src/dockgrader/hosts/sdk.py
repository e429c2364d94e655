"""Connections to an engine through the docker SDK, which knows sockets, npipes and TLS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dockgrader.errors import Unobserved
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.wire import Request, WireFailed

if TYPE_CHECKING:
    from docker import APIClient
    from requests import Response


class SdkWire:
    """An SDK client, of which the HTTP session is used: the SDK's own methods read answers without bounds.

    The client is not safe to share between threads (docker-py #3229).
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = new_client(endpoint)

    def ask(self, request: Request, seconds: float, quiet: float | None = None) -> _Answer:
        """As a Wire's."""
        with _translated():
            return _Answer(
                self._client.request(
                    request.method,
                    f"{self._client.base_url}{request.path}",
                    params=request.params,
                    json=request.body,
                    stream=True,
                    timeout=(seconds, quiet or seconds),
                )
            )

    def close(self) -> None:
        """Close it."""
        self._client.close()


class _Answer:
    def __init__(self, response: Response) -> None:
        self._response = response
        self.status = response.status_code

    def header(self, name: str) -> str:
        return str(self._response.headers.get(name, ""))

    def read1(self, size: int) -> bytes:
        with _translated():
            data: bytes = self._response.raw.read1(size, decode_content=True)
            return data

    def give_up(self) -> None:
        self._response.raw.shutdown()

    def close(self) -> None:
        self._response.close()


@contextmanager
def _translated() -> Iterator[None]:
    """A time-out as such, all else of the SDK's libraries as the cause of WireFailed."""
    from requests.exceptions import RequestException, Timeout
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        yield
    except (Timeout, ReadTimeoutError) as error:
        raise TimeoutError(str(error)) from error
    except (RequestException, HTTPError) as error:
        raise WireFailed(str(error)) from error


def new_client(endpoint: Endpoint) -> APIClient:
    """An SDK client without a version handshake. Raises Unobserved when the TLS set-up is unusable."""
    from docker import APIClient
    from docker.errors import DockerException, TLSParameterError
    from docker.tls import TLSConfig

    tls: TLSConfig | bool = False
    try:
        if endpoint.tls:
            pair = (endpoint.tls.cert, endpoint.tls.key)
            certificate = (pair[0], pair[1]) if pair[0] and pair[1] else None
            tls = TLSConfig(client_cert=certificate, ca_cert=endpoint.tls.ca, verify=endpoint.tls.verify)
        client = APIClient(base_url=endpoint.url, version="1.44", tls=tls)
    except (TLSParameterError, DockerException) as error:
        raise Unobserved(
            "engine.endpoint", f"{endpoint.url} cannot be used ({endpoint.why}): {error}"
        ) from error
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        # The SDK reads the docker CLI's settings, and trusts their shape.
        raise Unobserved(
            "engine.client-config",
            "The settings of the docker CLI ($DOCKER_CONFIG/config.json, else ~/.docker/config.json) are broken: "
            f"{error}",
        ) from error
    # Proxies and netrc of the environment are for the web, not for an engine.
    client.trust_env = False
    if endpoint.scheme == "unix":
        _keep_one_connection(client)
    return client


def _keep_one_connection(client: APIClient) -> None:
    """The SDK would keep a connection for each path that is asked for."""
    adapter: Any = client.get_adapter(client.base_url)
    for_url = adapter.get_connection
    adapter.get_connection = lambda url, proxies=None: for_url(client.base_url, proxies)
