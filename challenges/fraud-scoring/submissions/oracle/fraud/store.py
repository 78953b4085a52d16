"""The feature store client: a deadline over everything, a bulkhead, a circuit breaker, and trust in nothing that comes back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import quote

import aiohttp
from yarl import URL

from fraud.features import HISTORY_NUMERIC
from fraud.settings import Settings
from fraud.strict import BadJson, loads, number

LOG = logging.getLogger("fraud.store")
LARGEST_ANSWER = 16 * 1024
LIMITS = {"avg_amount_30d": 10_000_000, "tx_count_24h": 100_000, "chargebacks_90d": 100_000, "account_age_days": 40_000}


class NoHistory(Exception):
    """The customer's history could not be had; `reason` is one of a few words, fit for a metric label."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadAnswer(Exception):
    """The store answered, but not with the features of this customer."""


class Breaker:
    """Stops calling a store that fails half of the time, and asks again with one request every `cooldown_s`.

    The cooldown is short and fixed: a probe costs one request, and an open breaker costs every customer the better model.
    """

    def __init__(self, size: int = 20, fewest: int = 10, cooldown_s: float = 0.5, clock: Callable[[], float] = time.monotonic) -> None:
        self.outcomes: deque[bool] = deque(maxlen=size)
        self.fewest, self.cooldown_s, self.clock = fewest, cooldown_s, clock
        self.open_until: float | None = None

    @property
    def is_open(self) -> bool:
        return self.open_until is not None

    def admit(self) -> bool:
        """May this call go out? While open, the first caller after the cooldown is the probe; the others wait for another cooldown."""
        if self.open_until is None:
            return True
        now = self.clock()
        if now < self.open_until:
            return False
        self.open_until = now + self.cooldown_s
        return True

    def record(self, ok: bool) -> None:
        """Outcome of an admitted call. One success closes; half of the last calls failing opens."""
        if self.open_until is not None:
            if ok:
                self.open_until = None
                self.outcomes.clear()
                LOG.info("breaker closed")
            return
        self.outcomes.append(ok)
        if not ok and len(self.outcomes) >= self.fewest and self.outcomes.count(False) * 2 >= len(self.outcomes):
            self.open_until = self.clock() + self.cooldown_s
            LOG.warning("breaker opened")


class FeatureStore:
    """History of customers. One per process; needs a running loop to be made."""

    def __init__(self, settings: Settings, breaker: Breaker) -> None:
        self.token_file = settings.feature_store_token_file
        self.token = self._read_token()
        self.url, self.deadline_s, self.breaker = settings.feature_store_url, settings.store_deadline_s, breaker
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=settings.store_connections, ttl_dns_cache=30),
            timeout=aiohttp.ClientTimeout(total=None),  # `asyncio.timeout` below covers the wait for a connection and the whole body
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
        )

    async def history(self, customer_id: str) -> dict[str, float]:
        """The customer's features. Raises NoHistory after at most `deadline_s`."""
        if not self.url:
            raise NoHistory("not_configured")
        if not self.breaker.admit():
            raise NoHistory("breaker_open")
        ok = False  # a call cancelled by its client, e.g. the half-open probe, counts as failed
        try:
            async with asyncio.timeout(self.deadline_s):
                answer = await self._get(customer_id)
            ok = True
            if answer is None:
                raise NoHistory("unknown_customer")  # the store is well
            return answer
        except TimeoutError:
            raise NoHistory("timeout") from None
        except BadAnswer as error:
            LOG.debug("feature store: %s", error)
            raise NoHistory("bad_answer") from error
        except (aiohttp.ClientError, OSError) as error:
            LOG.debug("feature store: %r", error)
            raise NoHistory("unreachable") from error
        finally:
            self.breaker.record(ok)

    async def _get(self, customer_id: str) -> dict[str, float] | None:
        token = self.token
        status, body = await self._ask(customer_id, token)
        if status == 401:
            self.token = self._read_token()
            if self.token != token:  # rotated since we read it: once more, within the same deadline
                status, body = await self._ask(customer_id, self.token)
        if status == 404:
            return None
        if status != 200:
            raise BadAnswer(f"status {status}")
        return parse(body, customer_id)

    async def _ask(self, customer_id: str, token: str) -> tuple[int, bytes]:
        url = URL(f"{self.url}/v1/customers/{quote(customer_id, safe='')}/features", encoded=True)
        headers = {"Authorization": f"Bearer {token}"} if token else None
        async with self.session.get(url, headers=headers, allow_redirects=False) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    raise BadAnswer("answer is too large")
            return response.status, bytes(body)

    def _read_token(self) -> str:
        """The token of the token file; nothing where there is none."""
        try:
            token = self.token_file.read_text().strip() if self.token_file else ""
        except (OSError, UnicodeDecodeError):
            return ""
        return token if token.isascii() and token.isprintable() else ""

    async def close(self) -> None:
        await self.session.close()


def parse(body: bytes, customer_id: str) -> dict[str, float]:
    """Checked features of this customer. Raises BadAnswer for anything else, NaN and another customer's included."""
    try:
        document = loads(body)
    except BadJson as error:
        raise BadAnswer(str(error)) from None
    if type(document) is not dict or document.get("customer_id") != customer_id:
        raise BadAnswer("not about this customer")
    features = {}
    for name in HISTORY_NUMERIC:
        value = number(document.get(name))
        if value is None or not 0 <= value <= LIMITS[name]:
            raise BadAnswer(f"{name} is missing or out of range")
        features[name] = value
    return features
