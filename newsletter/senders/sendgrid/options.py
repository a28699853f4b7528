"""The section [sendgrid] of the settings; the sender reads the same object."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from newsletter.fields import (
    BY_HAND,
    SettingsSection,
    clicks_elsewhere,
    https_or_loopback,
    key_of_api,
    listed,
    no_opens,
)


def _public_key(value: str) -> str:
    try:
        # SubjectPublicKeyInfo in DER, the form in which SendGrid shows it.
        good = base64.b64decode(value, validate=True).startswith(b"\x30")
    except (binascii.Error, ValueError):
        good = False
    if value and not good:
        raise ValueError("the verification key of SendGrid's event webhook is wanted, as its settings show it")
    return value


Category = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[ -~]+$")]
"""A SendGrid category (vendor's limits: ten, 255 characters; ASCII since others are not counted apart)."""


class SendGridOptions(SettingsSection):
    """The SendGrid account."""

    key: Annotated[str, AfterValidator(key_of_api)] = Field(
        default="", description="API key with the right to send; in the file `secrets/sendgrid.key`"
    )
    webhook_key: Annotated[str, AfterValidator(_public_key)] = Field(
        default="",
        description="verification key of SendGrid's event webhook; with it the pages answer `POST /hooks/sendgrid`",
    )
    region: Literal["global", "eu"] = Field(default="global", description="where the account is: `global` or `eu`")
    host: Annotated[str, AfterValidator(https_or_loopback)] = Field(
        json_schema_extra=BY_HAND, default="", description="another address of the API, for tests on this machine"
    )
    from_name: str = Field(
        default="", description="display name to send under, should SendGrid not take the one in `from` as it is"
    )
    categories: Annotated[list[Category], BeforeValidator(listed)] = Field(
        default=[], max_length=10, description="categories of every letter in SendGrid's statistics"
    )
    sandbox: bool = Field(default=False, description="SendGrid checks everything and sends nothing")
    open_tracking: Annotated[bool, AfterValidator(no_opens)] = Field(
        default=False, description="no setting any more: nobody counts who opens letters. Only `false` is taken"
    )
    click_tracking: Annotated[bool, AfterValidator(clicks_elsewhere)] = Field(
        default=False, description="no setting any more: see `[tracking] clicks`. Only `false` is taken"
    )
    batch: int = Field(
        default=1000,
        ge=1,
        le=1000,
        description="subscribers in one request; fewer leave less in doubt should a request be cut off",
    )
    connections: int = Field(default=4, ge=1, le=32, description="requests under way at once in each process")
    timeout: float = Field(
        default=20,
        ge=1,
        le=300,
        description="seconds for each step of a request: connecting, handing over, waiting for the answer",
    )
