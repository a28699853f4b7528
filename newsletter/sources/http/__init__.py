"""The one door to the network: vetted addresses, and limits on size, time, packing and redirects."""

from __future__ import annotations

from newsletter.sources.http.fetching import Fetcher
from newsletter.sources.http.models import LIMITS, Fetched, FetcherProtocol, FetchError, Kind

__all__ = ["LIMITS", "FetchError", "Fetched", "Fetcher", "FetcherProtocol", "Kind"]
