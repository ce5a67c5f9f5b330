"""A payment gateway for tests: speaks to the ASGI application over httpx, from an event loop in a thread of its own.

The loop lives as long as the test session, as it does in a web process, so pools and caches behave as in production,
while tests stay ordinary functions that may use the ORM.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from dashboard.services.calls import calls_finish
from sentinel.ops.connections import close_connections

T = TypeVar("T")


class EventLoopThread:
    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], timeout_seconds: float = 60) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout_seconds)

    def stop(self) -> None:
        self.run(calls_finish())
        self.run(close_connections())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


class Gateway:
    """One gateway client. `post` and friends answer an httpx.Response; bodies are given as JSON values."""

    def __init__(self, loop: EventLoopThread, http: httpx.AsyncClient, client: Any, api_key: str) -> None:
        self.loop, self.http, self.client, self.api_key = loop, http, client, api_key

    def at(self, address: str) -> "Gateway":
        """The same gateway, calling from another address."""
        from sentinel.asgi import application

        transport = httpx.ASGITransport(app=application, client=(address, 1), raise_app_exceptions=False)
        caller = httpx.AsyncClient(transport=transport, base_url="http://localhost")
        return Gateway(self.loop, caller, self.client, self.api_key)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.loop.run(self.request_async(method, path, **options))

    async def request_async(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        path = path if path.startswith("/") else f"/api/v1/{path}"
        return await self.http.request(method, path, headers={"X-API-Key": self.api_key} | (headers or {}), **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def put(self, path: str, body: Any) -> httpx.Response:
        return self.request("PUT", path, json=body)

    def post(self, path: str, body: Any, *, key: str | None = None, **options: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid4())} | options.pop("headers", {})
        return self.request("POST", path, json=body, headers=headers, **options)

    def pay(
        self, account_id: str, amount: str = "100.00", *, key: str | None = None, **fields: Any
    ) -> httpx.Response:
        return self.post("transactions", purchase(account_id, amount, **fields), key=key)

    def balance(self, account_id: str) -> dict[str, str]:
        return self.get(f"accounts/{account_id}/balance").json()

    def open_account(self, opening_balance: str = "10000.00", **terms: Any) -> str:
        """A new account with money on it."""
        account_id = f"acc_{uuid4().hex[:12]}"
        body = {"currency": "INR", "home_country": "IN", "home_zone": "Asia/Kolkata"} | terms
        if opening_balance != "0":
            body["opening_balance"] = opening_balance
        response = self.put(f"accounts/{account_id}", body)
        assert response.status_code == 201, response.text
        return account_id


def purchase(account_id: str, amount: str = "100.00", **fields: Any) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "amount": amount,
        "currency": "INR",
        "transaction_type": "purchase",
        "merchant": {"id": "m_17"},
    } | fields
