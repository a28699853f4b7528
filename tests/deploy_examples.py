"""The examples in ``deploy/``: what the commands write for a workspace in /srv/nashra. Run it to write them anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from newsletter.letters.templates import environment
from newsletter.service.units import ServicePlan, units

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"
PLAN = ServicePlan(
    name="nashra",
    scope="system",
    interpreter=Path("/opt/nashra/bin/python"),
    workspace=Path("/srv/nashra"),
    account="nashra",
)
OWN = replace(PLAN, scope="user", account="")
PROXY = {"host": "news.example.org", "port": 8000, "name": "nashra"}


def examples() -> dict[str, str]:
    """Every file below ``deploy/`` with what it says."""
    templates = environment()
    found = {f"systemd/{name}": text for name, text in units(templates, PLAN).items()}
    found |= {f"systemd-user/{name}": text for name, text in units(templates, OWN).items()}
    found["nginx/nashra.conf"] = templates.get_template("deploy/nginx.conf.j2").render(PROXY) + "\n"
    found["caddy/Caddyfile"] = templates.get_template("deploy/Caddyfile.j2").render(PROXY) + "\n"
    return found


if __name__ == "__main__":
    for name, text in examples().items():
        (DEPLOY / name).parent.mkdir(parents=True, exist_ok=True)
        (DEPLOY / name).write_text(text, "utf-8")
