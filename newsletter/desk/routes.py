"""The one table of the desk's addresses, collected from its rooms."""

from __future__ import annotations

from newsletter.desk.articles import ROUTES as ARTICLES
from newsletter.desk.assets import ROUTES as ASSETS
from newsletter.desk.door import ROUTES as DOOR
from newsletter.desk.events import ROUTES as EVENTS
from newsletter.desk.examining import ROUTES as EXAMINING
from newsletter.desk.models import DeskRoute
from newsletter.desk.people import ROUTES as PEOPLE
from newsletter.desk.publishing import ROUTES as PUBLISHING
from newsletter.desk.readers.routes import ROUTES as READERS
from newsletter.desk.reporting import ROUTES as REPORTING
from newsletter.desk.sending import ROUTES as SENDING
from newsletter.desk.settings import ROUTES as SETTINGS
from newsletter.desk.week.operations import ROUTES as OPERATIONS
from newsletter.desk.week.page import ROUTES as WEEK

ROUTES: tuple[DeskRoute, ...] = (
    *ASSETS,
    *DOOR,
    *REPORTING,
    *WEEK,
    *OPERATIONS,
    *EVENTS,
    *ARTICLES,
    *SENDING,
    *PUBLISHING,
    *EXAMINING,
    *SETTINGS,
    *PEOPLE,
    *READERS,
)
"""Every address of the desk, and who may call it."""
