"""الإعدادات: a form for each section of newsletter.toml, which is edited in place and read again."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from newsletter.desk.models import DeskRoute
from newsletter.desk.settings.faults import spoken_of
from newsletter.desk.settings.form import changes
from newsletter.desk.settings.shape import form_of, sections
from newsletter.desk.settings.view import form_values, index_values
from newsletter.errors import NashraError, SettingsError
from newsletter.workspace.settings_file import SettingsFile

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.desk import Desk
    from newsletter.desk.request import DeskRequest

_CHANGED = "the file was changed by somebody else while this page was open"


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """The last save of a desk, which can be taken back."""

    section: str
    before: str
    """The text of the whole file before it."""
    mark: str
    """Of the file after it; once it has another, nothing is taken back."""


_LAST: WeakKeyDictionary[Desk, SettingsChange] = WeakKeyDictionary()
_LOCK = threading.Lock()


def _index(request: DeskRequest) -> Response:
    values = index_values(_names(request), request.desk.pages)
    return request.page("desk/settings/index.html.j2", {**values, "tab": "settings"}, place="doctor")


def _form(request: DeskRequest) -> Response:
    return _page(request, _section(request), SettingsFile.read(request.workspace.root))


def _save(request: DeskRequest) -> Response:
    section = _section(request)
    with _LOCK:
        file = SettingsFile.read(request.workspace.root)
        form, said = form_of(section), request.many
        try:
            if request.form.get("mark") != file.mark:
                raise SettingsError(_CHANGED)
            wanted = changes(form, _read(file), said)
            _may(request, section, wanted)
            made = file.changed(wanted)
            if made.text != file.text:
                saved = made.save(request.workspace.environment)
                _LAST[request.desk] = SettingsChange(section, file.text, saved.mark)
        except SettingsError as error:
            return _page(request, section, file, said=said, error=error)
        if made.text != file.text:
            request.desk.reopen()
            request.desk.noted("settings", by=request.editor.name, about=section)
    return request.to(f"/settings/{section}?saved={'1' if made.text != file.text else '0'}")


def _undo(request: DeskRequest) -> Response:
    with _LOCK:
        last = _LAST.get(request.desk)
        file = SettingsFile.read(request.workspace.root)
        if last is None or last.mark != file.mark:
            raise NashraError("there is nothing to take back", mend="change it in the form, or in the file")
        replace(file, text=last.before).save(request.workspace.environment)
        del _LAST[request.desk]
        request.desk.reopen()
        request.desk.noted("settings", by=request.editor.name, about=last.section)
    return request.to(f"/settings/{last.section}?saved=2")


def _page(
    request: DeskRequest,
    section: str,
    file: SettingsFile,
    *,
    said: Mapping[str, tuple[str, ...]] | None = None,
    error: SettingsError | None = None,
) -> Response:
    last = _LAST.get(request.desk)
    values = form_values(form_of(section), _read(file), request.workspace, request.desk.pages, said, error)
    shown = {
        **values,
        "tab": "settings",
        "mark": file.mark,
        "changed": _CHANGED,
        "faults": spoken_of(request.desk.pages.words, error) if error is not None else (),
        "saved": request.query.get("saved", "") if error is None else "",
        "may_undo": last is not None and last.mark == file.mark,
    }
    return request.page("desk/settings/form.html.j2", shown, place="doctor", status=422 if error else 200)


def _may(request: DeskRequest, section: str, wanted: Mapping[Any, Any]) -> None:
    """Refuse to somebody who has the desk, and not the machine, what would read files of it."""
    new = wanted.get(("collect", "sources")) if section == "collect" and request.desk.named else None
    known = request.workspace.settings.collect.sources
    for one in new or ():
        if one not in known and not one.lower().startswith(("https://", "http://")):
            raise SettingsError("from here only addresses of the web can be added; write files into newsletter.toml")


def _names(request: DeskRequest) -> list[str]:
    from newsletter.workflows.lists import names

    return sections(_read(SettingsFile.read(request.workspace.root)), names(request.workspace))


def _section(request: DeskRequest) -> str:
    section = request.path["section"]
    if section not in _names(request):
        raise NashraError("there is no such section of the settings", mend="choose one of those that are named")
    return section


def _read(file: SettingsFile) -> dict[str, Any]:
    try:
        return tomllib.loads(f"{file.text}\n")
    except tomllib.TOMLDecodeError as error:
        mend = "correct it in the file; newsletter doctor names the line"
        raise SettingsError(f"newsletter.toml is not valid TOML ({error})", mend=mend) from None


ROUTES = (
    DeskRoute("GET", "/settings", _index, "look"),
    DeskRoute("POST", "/settings/undo", _undo, "send"),
    DeskRoute("GET", "/settings/{section}", _form, "look"),
    DeskRoute("POST", "/settings/{section}", _save, "send"),
)
