"""The machine: settings, versions, certificates, clock and zone; looked at also when nothing else can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import NashraError
from newsletter.installing import installing
from newsletter.text.dates import in_zone
from newsletter.text.sentences import Sentence, joined, said
from newsletter.workflows.doctor import faults
from newsletter.workflows.doctor.models import Check, DoctorState, Examined, SkippedCheck
from newsletter.workspace import sponsors

if TYPE_CHECKING:
    from collections.abc import Callable

    from newsletter.workflows.doctor.examination import Examination

APART, FAR_APART = 30.0, 300.0
"""Seconds between two clocks after which it is told, and after which links, leases and signatures suffer."""
MOST_TOLD = 10
"""Faults of the settings that are told."""
LEAST_FILES = 256
"""Files that one process must be able to open: a send through SMTP takes a connection each, a database three."""
LEAST_AUTHORITIES = 20
"""Certificate authorities that a machine trusts; one with fewer has lost its list."""


def settings(case: Examination) -> Iterator[Examined]:
    """What is wrong in newsletter.toml, secrets, .env and the environment, and in sponsors.toml."""
    wrong = [(one, "correct it; every command stops at this") for one in case.found.faults]
    wrong += [(one, "correct it; no issue can be checked or sent meanwhile") for one in _faults_of_bookings(case)]
    if wrong:
        yield from (Examined("settings", "fail", *one) for one in wrong[:MOST_TOLD])
        return
    about = case.settings.publication
    yield Examined(
        "settings",
        "ok",
        said("all of them are understood: {name}, {language}", name=about.name, language=about.language),
    )


def _faults_of_bookings(case: Examination) -> list[str]:
    try:
        sponsors.read(case.root)
    except NashraError as error:
        return str(error).splitlines()
    return []


def _version(case: Examination) -> Callable[[str], str]:
    return case.instruments.versions or faults.installed


def _fault(name: str, version: str, words: str) -> Sentence:
    return said("{name} {version}: {fault}", name=name, version=version, fault=words)


def python(case: Examination) -> Iterator[Examined]:
    """The interpreter, and the SQLite that it brings."""
    version = _version(case)
    told = list(faults.found(version, "python", "sqlite"))
    names = {"python": "Python", "sqlite": "SQLite"}
    if not told:
        yield Examined("python", "ok", f"Python {version('python')}, SQLite {version('sqlite')}")
        return
    words = joined(_fault(names[one.name], there, one.words) for one, there in told)
    ends = joined(dict.fromkeys(f"{names[one.name]} {one.mended(there)}" for one, there in told), " and ")
    sources = " ".join(one.source for one, _ in told)
    yield Examined(
        "python", "warn", words, said("update to {ends}, and keep backups ({sources})", ends=ends, sources=sources)
    )


def versions(case: Examination) -> Iterator[Examined]:
    """Packages with known faults."""
    version = _version(case)
    packages = sorted({one.name for one in faults.FAULTS} - {"python", "sqlite"})
    told = list(faults.found(version, *packages))
    if told:
        words = joined(_fault(one.name, there, one.words) for one, there in told)
        one = told[0][0]
        yield Examined(
            "versions",
            "warn",
            words,
            said("{command} ({source})", command=installing(f"{one.name}>={one.fixed[0]}"), source=one.source),
        )
        return
    known = ", ".join(f"{name} {found}" for name in packages if (found := version(name)))
    yield Examined("versions", "ok", said("none with a fault that is known here: {known}", known=known))


def tls(case: Examination) -> Iterator[Examined]:
    """Whether this Python can tell a good certificate from a bad one."""
    import ssl

    context = case.instruments.certificates or ssl.create_default_context()
    number = len(context.get_ca_certs())
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath) if paths.capath else None
    listed = folder is not None and folder.is_dir() and any(folder.iterdir())
    if case.instruments.certificates is None and number < LEAST_AUTHORITIES and not listed:
        words = said(
            "this machine trusts {number} certificate authorities: nobody's certificate can be checked", number=number
        )
        yield Examined("tls", "fail", words, "install the system's package ca-certificates")
        return
    if ssl.OPENSSL_VERSION_INFO < (3,):
        words = said("{version} gets no more corrections", version=ssl.OPENSSL_VERSION)
        yield Examined("tls", "warn", words, "take a Python that is built with OpenSSL 3")
        return
    yield Examined("tls", "ok", ssl.OPENSSL_VERSION)


def clock(case: Examination) -> Iterator[Examined]:
    """Our clock beside the database's and the provider's."""
    apart = dict(_differences(case))
    graver = max(apart, key=lambda name: abs(apart[name]), default="")
    if graver and abs(apart[graver]) > APART:
        seconds = apart[graver]
        pattern = (
            "this machine's clock is {seconds} seconds behind that of {name}"
            if seconds > 0
            else "this machine's clock is {seconds} seconds ahead of that of {name}"
        )
        words = said(pattern, seconds=f"{abs(seconds):,.0f}", name=graver)
        state: DoctorState = "fail" if abs(seconds) > FAR_APART else "warn"
        yield Examined("clock", state, words, "let the system keep it: timedatectl set-ntp true")
        return
    for one in _steps(case):
        yield one
        return
    if not apart:
        raise SkippedCheck("no other clock could be asked")
    yield Examined(
        "clock",
        "ok",
        said(
            "as {names} say, but for {seconds} seconds",
            names=joined(apart, " and "),
            seconds=f"{max(map(abs, apart.values())):,.0f}",
        ),
    )


def _differences(case: Examination) -> Iterator[tuple[str, float]]:
    """Other clocks, and how many seconds they are ahead of ours."""
    from newsletter.storage.clock import clock as database_clock

    try:
        account = case.account()
        if account.date:
            # The header has whole seconds: half of one is nobody's fault.
            yield (
                case.provider.title,
                account.date + 0.5 - (case.now().timestamp() if case.instruments.now else account.asked_at),
            )
    except (SkippedCheck, NashraError):
        pass
    try:
        if case.version() is not None and case.file is None:
            with case.workspace.any_database.read() as connection:
                yield "the database", database_clock(connection) - case.now().timestamp()
    except (SkippedCheck, NashraError):
        return


def _steps(case: Examination) -> Iterator[Examined]:
    try:
        found = case.findings("clock")
    except (SkippedCheck, NashraError):
        return
    for one in found:
        words = one.told
        yield Examined("clock", "fail" if one.needs_person else "warn", words, one.next)


def zone(case: Examination) -> Iterator[Examined]:
    """The zone of the site, and what time it is there."""
    from datetime import timedelta

    about, now = case.settings.publication, case.now()
    there = in_zone(now, case.workspace.zone)
    offset = now.astimezone(case.workspace.zone).utcoffset() or timedelta()
    hours = f"{offset.total_seconds() / 3600:+g}"
    if about.timezone in {"UTC", "Etc/UTC"} and (case.settings.schedule.weekly or case.settings.schedule.daily):
        words = said(
            "UTC, where it is {there}: what is planned goes by that, and not by the clock of the newsroom", there=there
        )
        yield Examined(
            "zone", "warn", words, 'write timezone = "Africa/Algiers", or whichever is yours, under [newsletter]'
        )
        return
    yield Examined(
        "zone", "ok", said("{zone}, {hours} hours: it is {there} there", zone=about.timezone, hours=hours, there=there)
    )


def files(case: Examination) -> Iterator[Examined]:  # noqa: ARG001  looks at the process alone
    """How many files a process may open."""
    try:
        import resource
    except ImportError:
        raise SkippedCheck("this system does not say") from None

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit != resource.RLIM_INFINITY and limit < LEAST_FILES:
        words = said("a process may open {limit} files at once, and a large send needs more", limit=limit)
        yield Examined(
            "files", "warn", words, "ulimit -n 1024 before the command, or LimitNOFILE=1024 in a systemd unit"
        )
    else:
        yield Examined(
            "files",
            "ok",
            said("a process may open {limit} files at once", limit=f"{limit:,}") if limit > 0 else "without a limit",
        )


CHECKS = (
    Check(("settings",), settings),
    Check(("python",), python),
    Check(("versions",), versions),
    Check(("tls",), tls),
    Check(("clock",), clock, seconds=40),
    Check(("zone",), zone, ("newsletter", "schedule")),
    Check(("files",), files),
)
