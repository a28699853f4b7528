"""What the section [sendgrid] of the settings says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SendGridOptions:
    """What the section [sendgrid] of the settings says."""

    key: str
    region: str = "global"
    """``global`` or ``eu``."""
    host: str = ""
    """Another host, for tests on loopback."""
    from_name: str = ""
    """Display name to use instead of the one in ``from``."""
    categories: tuple[str, ...] = ()
    sandbox: bool = False
    """Everything is checked and nothing is sent; SendGrid answers 200."""
    open_tracking: bool = False
    click_tracking: bool = False
    batch: int = 1000
    """Subscribers in one request; SendGrid's limit."""
    connections: int = 4
    timeout: float = 60.0
    """Seconds for one step: connecting, handing over, waiting for the answer."""
