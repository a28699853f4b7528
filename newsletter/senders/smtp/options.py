"""The section [smtp] of the settings; the sender reads the same object."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from newsletter.fields import BY_HAND, SettingsSection, bare_address
from newsletter.text.mailbox import ascii_host

PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""Ports for letters that are handed in (RFC 6409, RFC 8314), and the one between servers (RFC 5321)."""


def _mail_host(value: str) -> str:
    if not value:
        return value
    if re.search(r"[\s/@<>\"]", value):
        raise ValueError("the name of a host such as smtp.example.org is wanted; the port stands under port")
    # An IPv6 address holds colons, a host name never.
    return value.strip("[]") if ":" in value else ascii_host(value)


class SmtpOptions(SettingsSection):
    """The SMTP server."""

    host: Annotated[str, AfterValidator(_mail_host)] = Field(
        json_schema_extra=BY_HAND,
        default="",
        description="the server that takes the letters, such as `smtp.example.org`",
    )
    port: int = Field(
        default=0, ge=0, le=65535, description="0 takes the usual one of `security`: starttls 587, tls 465, none 25"
    )
    security: Literal["starttls", "tls", "none"] = Field(
        json_schema_extra=BY_HAND,
        default="starttls",
        description="`starttls`, `tls` from the first byte, or `none` for a server on this machine",
    )
    user: str = Field(default="", description="name to log in with; without it there is no log-in")
    password: str = Field(default="", description="its password; in the file `secrets/smtp.password`")
    ca: str = Field(
        json_schema_extra=BY_HAND,
        default="",
        description="PEM file of certificates to trust instead of the system's, relative to newsletter.toml",
    )
    return_path: Annotated[str, AfterValidator(bare_address)] = Field(
        default="", description="address that bounces go to; without it the one in `from`"
    )
    verp: bool = Field(
        default=False,
        description="send bounces to `local+NAME@domain`, so that each names its delivery; the mailbox must take "
        "addresses with +",
    )
    connections: int = Field(
        default=4,
        ge=1,
        le=64,
        description="at once from each process; many servers take no more than ten from one client",
    )
    letters: int = Field(
        default=100, ge=1, le=100_000, description="letters over one connection before a new one is opened"
    )
    pipelining: bool = Field(
        default=True, description="several commands in one write where the server offers it (RFC 2920)"
    )
    batch: int = Field(default=200, ge=1, le=1000, description="letters that one process takes at a time")
    timeout: float = Field(
        default=60,
        ge=1,
        le=600,
        # RFC 5321 section 4.5.3.2.6.
        description="seconds for one step; the answer to a whole letter may take ten times as long",
    )

    @property
    def usual_port(self) -> int:
        """The port to connect to."""
        return self.port or PORTS[self.security]

    @property
    def where(self) -> str:
        """The server, for messages."""
        return f"{self.host}:{self.usual_port}"
