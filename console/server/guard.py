"""Guards the page's server: only the page itself may ask it, from this machine's browser, with the token."""

import hmac
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    # ECharts sets the style of what it draws element by element, which 'self' allows.
    "content-security-policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """ASGI middleware: refuses other hosts and origins, and the API to all who lack the token.

    The check of ``Host`` stops DNS rebinding: a stranger's name that resolves to 127.0.0.1 is another host.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: Sequence[str]) -> None:
        """Guards an application.

        Args:
            app: The application.
            token: The token that ``Authorization: Bearer`` must carry.
            hosts: Every ``name:port`` that this server answers to.
        """
        self._app = app
        self._authorization = f"Bearer {token}".encode()
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request that is refused itself and hands on the others."""
        if scope["type"] != "http":
            # A lifespan is no request, and Starlette refuses websockets, for which there is no route.
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                # A browser keeps static files, and asks whether they are still the same.
                headers["cache-control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        refusal = self._refuse(Headers(scope=scope), scope["path"])
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refuse(self, headers: Headers, path: str) -> Response | None:
        is_api = path.startswith("/api/")
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return _answer_refusal(
                403, "Blocked: this server answers to the address that it printed alone", is_api
            )
        strangers = [origin for origin in headers.getlist("origin") if origin != f"http://{hosts[0]}"]
        sites = [site for site in headers.getlist("sec-fetch-site") if site not in ("same-origin", "none")]
        if strangers or sites:
            return _answer_refusal(403, "Blocked: the request came from another site", is_api)
        if is_api:
            authorization = headers.get("authorization", "").encode("latin-1")
            if not hmac.compare_digest(authorization, self._authorization):
                return _answer_refusal(
                    401, "The session's token is missing, or of an earlier start: reload the page", is_api
                )
        return None


def _answer_refusal(status: int, why: str, is_api: bool) -> Response:
    return JSONResponse({"error": why}, status) if is_api else PlainTextResponse(why, status)
