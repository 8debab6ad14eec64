"""How often one network may write to us. Pure but for a lock: the time is passed in."""

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass

#: Networks remembered; who was not heard of for longest is forgotten first, and starts with a full bucket again.
_MOST_NETWORKS = 10_000


def network_of(address: str) -> str:
    """Name the network an address belongs to: one customer's IPv6 range (/64), or a single IPv4 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """A token bucket for each network. Threads may share it."""

    def __init__(self, *, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, network: str, *, now: float) -> bool:
        """Take one token at a monotonic time in seconds; False: there is none, come back later."""
        with self._lock:
            bucket = self._buckets.pop(network, None) or _Bucket(float(self._burst), now)
            self._buckets[network] = bucket
            if len(self._buckets) > _MOST_NETWORKS:
                self._buckets.popitem(last=False)
            bucket.tokens = min(self._burst, bucket.tokens + max(0.0, now - bucket.at) * self._per_second)
            bucket.at = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True
