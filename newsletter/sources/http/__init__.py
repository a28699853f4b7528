"""The one door to the network: vetted addresses, and limits on size, time, packing and redirects."""

from __future__ import annotations

from newsletter.sources.http.fetching import Fetcher
from newsletter.sources.http.models import LIMITS, Door, Fetched, FetchError, Kind

__all__ = ["LIMITS", "Door", "FetchError", "Fetched", "Fetcher", "Kind"]
