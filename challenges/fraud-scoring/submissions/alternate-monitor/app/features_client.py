"""The feature store client: a deadline over everything, few connections, a breaker, and trust in nothing that comes back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import quote

import aiohttp
from yarl import URL

from app.schema import History, Refused, parse
from app.settings import Settings

LOG = logging.getLogger("app.features")
LARGEST_ANSWER = 16 * 1024


class NoHistory(Exception):
    """The customer's history could not be had; `reason` is one of a few words, fit for a metric label."""

    def __init__(self, reason: str, cause: str = "") -> None:
        super().__init__(reason)
        self.reason, self.cause = reason, cause


class Breaker:
    """Open after half of the last calls failed; then one call in `pause` seconds asks whether the store is back."""

    def __init__(self, size: int = 20, fewest: int = 10, pause: float = 0.5, clock: Callable[[], float] = time.monotonic) -> None:
        self.outcomes: deque[bool] = deque(maxlen=size)
        self.fewest, self.pause, self.clock = fewest, pause, clock
        self.next_probe: float | None = None

    @property
    def is_open(self) -> bool:
        return self.next_probe is not None

    def admit(self) -> bool:
        if self.next_probe is None:
            return True
        if self.clock() < self.next_probe:
            return False
        self.next_probe = self.clock() + self.pause
        return True

    def record(self, ok: bool) -> None:
        """Outcome of an admitted call."""
        if self.is_open:
            if ok:
                self.next_probe = None
                self.outcomes.clear()
                LOG.info("breaker closed")
            return
        self.outcomes.append(ok)
        if not ok and len(self.outcomes) >= self.fewest and 2 * self.outcomes.count(False) >= len(self.outcomes):
            self.next_probe = self.clock() + self.pause
            LOG.warning("breaker opened")


class FeatureStore:
    """History of customers. Needs a running loop to be made."""

    def __init__(self, settings: Settings) -> None:
        self.url, self.deadline, self.token_file = settings.feature_store_url, settings.store_deadline, settings.feature_store_token_file
        self.breaker = Breaker()
        self.token = self._read_token()
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=settings.store_connections, ttl_dns_cache=30),
            timeout=aiohttp.ClientTimeout(total=None),  # `asyncio.timeout` below covers the wait for a connection and the whole body
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
        )

    async def history(self, customer_id: str) -> dict[str, float]:
        """The customer's features. Raises NoHistory after at most the deadline."""
        if not self.url:
            raise NoHistory("not_configured")
        if not self.breaker.admit():
            raise NoHistory("breaker_open")
        healthy = False
        try:
            async with asyncio.timeout(self.deadline):
                status, body = await self._ask(customer_id)
            if status == 404:
                healthy = True
                raise NoHistory("unknown_customer")
            if status != 200:
                raise NoHistory("bad_answer", f"status {status}")
            answer = parse(History, body)
            if answer.customer_id != customer_id:
                raise NoHistory("bad_answer", "about another customer")
            healthy = True
            return answer.values()
        except Refused as error:
            raise NoHistory("bad_answer", error.reason) from None
        except TimeoutError:
            raise NoHistory("timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            raise NoHistory("unreachable", type(error).__name__) from None
        finally:
            self.breaker.record(healthy)

    async def _ask(self, customer_id: str) -> tuple[int, bytes]:
        """Status and body; with a new token once more if the old one is refused."""
        status, body = await self._get(customer_id, self.token)
        if status == 401:
            refused, self.token = self.token, self._read_token()
            if self.token != refused:
                return await self._get(customer_id, self.token)
        return status, body

    async def _get(self, customer_id: str, token: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {token}"} if token else None
        url = URL(f"{self.url}/v1/customers/{quote(customer_id, safe='')}/features", encoded=True)
        async with self.session.get(url, headers=headers, allow_redirects=False) as response:
            body = b""
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise NoHistory("bad_answer", "answer is too large")
            return response.status, body

    def _read_token(self) -> str:
        try:
            token = self.token_file.read_text().strip() if self.token_file else ""
        except (OSError, UnicodeDecodeError):
            return ""
        return token if token.isascii() and token.isprintable() else ""

    async def close(self) -> None:
        await self.session.close()
