"""Django below the ASGI server: one call for each request, on a thread that keeps its connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.urls import set_script_prefix

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ThreadedHandler(ASGIHandler):
    """Answers HTTP in ``CANDY_WEB_THREADS`` threads; what comes beyond that waits its turn.

    Every view and middleware here is synchronous. Django's own handler would walk between the event
    loop and a thread a dozen times for each request, and give each request a thread of its own, with
    which its database connection goes. These threads stay, so their connections do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.threads = ThreadPoolExecutor(settings.CANDY_WEB_THREADS, thread_name_prefix="web")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            response = await self._in_thread(self._answer, scope, body)
            if not response.streaming:
                await self.send_response(response, send)
                return
            try:
                response.streaming_content = self._read(iter(response))
                await self.send_response(response, send)
            finally:
                await self._in_thread(response.close)

    def _answer(self, scope: Message, body: Any) -> Any:
        """The whole request, from ``request_started`` to ``request_finished``, on one thread.

        A streaming response is still to be read, and is left open.
        """
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if not response.streaming:
            response.close()
        return response

    async def _read(self, chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
        """``chunks``, each read in a thread: it comes from a file."""
        while (chunk := await self._in_thread(next, chunks, None)) is not None:
            yield chunk

    async def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> Any:
        hop = sync_to_async(call, thread_sensitive=False, executor=self.threads)
        return await hop(*arguments)
