"""Answers of Postmark that are made to hurt: their words stay one line that a database takes, their times are times."""

from __future__ import annotations

import json

import pytest

from newsletter.senders import REFUSED, Parcel, https
from newsletter.senders.https import Api, get_json, retry_after
from newsletter.senders.postmark.answers import understand


def test_words_of_a_refusal_are_one_line_that_a_database_takes() -> None:
    parcel = Parcel(1, "name", "reader@example.org", {})
    content = json.dumps([{"ErrorCode": 406, "Message": "in\x00active\n\ud800" + "x" * 5000}]).encode()
    state, reason = understand(200, {}, content, [parcel], {}).apart[1]
    assert state == REFUSED
    assert reason.startswith("Postmark refuses it: inactive ?x")
    assert len(reason) < 2100


@pytest.mark.parametrize("value", ["nan", "-nan", "-5"])
def test_a_pause_that_is_no_time_is_none(value: str) -> None:
    assert retry_after({"Retry-After": value}) == 0.0


def test_a_list_of_endless_depth_is_no_json(monkeypatch: pytest.MonkeyPatch) -> None:
    class Response:
        status = 200

        def read(self, _most: int) -> bytes:
            return b"[" * 200_000

    class Connection:
        def request(self, *_: object, **__: object) -> None: ...

        def getresponse(self) -> Response:
            return Response()

        def close(self) -> None: ...

    monkeypatch.setattr(https, "connect", lambda _api: Connection())
    assert get_json(Api("Postmark", "http://127.0.0.1", {}, 1.0), "/list", mend="") is None
