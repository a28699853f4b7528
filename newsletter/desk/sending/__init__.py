"""الإرسال: to whom a letter goes and when, tests, approval, confirmation, and the send on its way."""

from newsletter.desk.models import DeskRoute
from newsletter.desk.sending import deeds, pages

ROUTES = (
    DeskRoute("GET", "/send", pages.current, "look"),
    DeskRoute("GET", "/send/{slug}", pages.shown, "look"),
    DeskRoute("GET", "/send/{slug}/confirm", pages.confirmation, "send"),
    DeskRoute("GET", "/send/{slug}/state", pages.state, "look"),
    DeskRoute("GET", "/send/{slug}/who/{state}", pages.who, "look"),
    DeskRoute("GET", "/send/{slug}/sure/{act}", pages.sure, "send"),
    DeskRoute("GET", "/issue/{slug}/plan", pages.planned, "look"),
    DeskRoute("POST", "/send/{slug}/test", deeds.test, "send"),
    DeskRoute("POST", "/send/{slug}/ask", deeds.ask, "edit"),
    DeskRoute("POST", "/send/{slug}/approve", deeds.approve, "send"),
    DeskRoute("POST", "/send/{slug}/online", deeds.online, "send"),
    DeskRoute("POST", "/send/{slug}/start", deeds.start, "send"),
    DeskRoute("POST", "/send/{slug}/pause", deeds.pause, "send"),
    DeskRoute("POST", "/send/{slug}/resume", deeds.resume, "send"),
    DeskRoute("POST", "/send/{slug}/cancel", deeds.cancel, "send"),
    DeskRoute("POST", "/send/{slug}/resend-unknown", deeds.resend_unknown, "send"),
    DeskRoute("POST", "/send/{slug}/accept-unknown", deeds.accept_unknown, "send"),
    DeskRoute("POST", "/send/{slug}/resend-refused", deeds.resend_refused, "send"),
    DeskRoute("POST", "/send/{slug}/decide", deeds.decide, "send"),
)
