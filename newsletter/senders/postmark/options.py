"""The section [postmark] of the settings; the sender reads the same object."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from newsletter.fields import BY_HAND, SettingsSection, clicks_elsewhere, https_or_loopback, key_of_api, no_opens

Stream = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,29}$")]
"""The id of a message stream (Message Streams API: lower case, 30 characters at most)."""


class PostmarkOptions(SettingsSection):
    """The Postmark server."""

    token: Annotated[str, AfterValidator(key_of_api)] = Field(
        default="", description="server API token; in the file `secrets/postmark.token`"
    )
    message_stream: Stream = Field(
        default="broadcast", description="message stream of the issues, one of type Broadcasts"
    )
    transactional_stream: Stream = Field(
        default="outbound", description="message stream of confirmation, welcome and goodbye letters"
    )
    webhook_user: str = Field(
        default="", description="user name in the address of the webhooks; with it comes `webhook_password`"
    )
    webhook_password: str = Field(
        default="",
        validate_default=True,
        description="password in the address of the webhooks, in the file `secrets/postmark.webhook_password`; "
        "with it the pages answer `POST /hooks/postmark`",
    )
    webhook_token: str = Field(
        default="",
        description="what webhooks bring in a header `X-Nashra-Token`, instead of user and password; in the file "
        "`secrets/postmark.webhook_token`",
    )
    host: Annotated[str, AfterValidator(https_or_loopback)] = Field(
        json_schema_extra=BY_HAND, default="", description="another address of the API, for tests on this machine"
    )
    from_name: str = Field(default="", description="display name to send under instead of the one in `from`")
    open_tracking: Annotated[bool, AfterValidator(no_opens)] = Field(
        default=False, description="no setting any more: nobody counts who opens letters. Only `false` is taken"
    )
    click_tracking: Annotated[bool, AfterValidator(clicks_elsewhere)] = Field(
        default=False, description="no setting any more: see `[tracking] clicks`. Only `false` is taken"
    )
    batch: int = Field(
        default=100,
        ge=1,
        le=500,
        description="messages in one request; each carries the whole letter, and fewer leave less in doubt should a "
        "request be cut off",
    )
    connections: int = Field(default=4, ge=1, le=32, description="requests under way at once in each process")
    timeout: float = Field(
        default=60,
        ge=1,
        le=300,
        description="seconds for each step of a request: connecting, handing over, waiting for the answer",
    )

    @field_validator("webhook_user")
    @classmethod
    def _one_word(cls, value: str) -> str:
        if ":" in value:
            # RFC 7617 section 2: the first colon ends the user name.
            raise ValueError("a user name without a colon is wanted")
        return value

    @field_validator("webhook_password")
    @classmethod
    def _both_or_none(cls, value: str, info: ValidationInfo) -> str:
        if bool(value) != bool(info.data.get("webhook_user")):
            raise ValueError("webhook_user and webhook_password are wanted together")
        return value
