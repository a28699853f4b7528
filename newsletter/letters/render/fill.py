"""Fill a template; whatever it does wrong is told with its name and line."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from newsletter.errors import RenderError

if TYPE_CHECKING:
    from jinja2 import Environment


def fill(environment: Environment, name: str, values: Mapping[str, Any]) -> str:
    """Fill a template.

    Args:
        environment: Where templates come from.
        name: The template's name, for example ``email/weekly.mjml.j2``.
        values: What it may use.

    Raises:
        RenderError: The template is missing, broken, uses a name that does not exist, or does what it may not.
    """
    import jinja2
    from jinja2.exceptions import SecurityError

    try:
        return environment.get_template(name).render(values)
    except jinja2.TemplateNotFound as error:
        missing = error.name or name
        raise RenderError(
            f"there is no template {missing!r}",
            where="" if missing == name else name,
            mend="name one that is in the workspace's templates folder, or one that is shipped",
        ) from error
    except jinja2.TemplateSyntaxError as error:
        raise RenderError(
            f"the template cannot be read: {error.message}",
            where=f"{error.name or name}:{error.lineno}",
            mend="mend that line",
        ) from error
    except jinja2.UndefinedError as error:
        raise RenderError(
            f"the template uses something that does not exist: {error.message}",
            where=_place(error, name, environment),
            mend="use only names that the shipped templates use",
        ) from error
    except SecurityError as error:
        raise RenderError(
            f"the template does what it may not: {error}",
            where=_place(error, name, environment),
            mend="use only the values it is given",
        ) from error
    except Exception as error:
        raise RenderError(
            f"the template failed: {type(error).__name__}: {error}",
            where=_place(error, name, environment),
            mend="mend that line",
        ) from error


def _place(error: BaseException, name: str, environment: Environment) -> str:
    """Template and line of the innermost frame that is a template's (Jinja puts its lines into the traceback)."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = [frame for frame in frames if frame.filename.endswith(".j2")]
    if not inner:
        return name
    filename, line = inner[-1].filename, inner[-1].lineno
    for known in environment.list_templates() if environment.loader is not None else []:
        if filename.replace("\\", "/").endswith("/" + known) and not known.startswith("shipped/"):
            return f"{known}:{line}"
    return f"{filename}:{line}"
