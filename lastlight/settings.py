"""What a node is told before it starts: environment first, then one TOML file, then the default.

Read once; nothing below the composition looks at the environment again. An unknown name in either
place is refused, so a misspelt setting is never silently the default. A secret never shows in
`repr`, so it can't reach a log by way of one.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from lastlight import settings_parsing as parsing
from lastlight.settings_parsing import Network
from protocol.errors import LastLightError

PREFIX: Final = "LASTLIGHT_"
CONFIG_VARIABLE: Final = "LASTLIGHT_CONFIG"
CONFIG_NAME: Final = "lastlight.toml"
MASK: Final = "********"
TOGETHER: Final = (
    ("apns_key", "apns_key_id", "apns_team_id", "apns_topic"),
    ("smtp_url", "smtp_from"),
    ("twilio_account", "twilio_token", "twilio_from"),
    ("contact_url", "contact_secret"),
)
"""Settings of one provider, of which some are of no use without the others."""


class SettingsError(LastLightError):
    """The node can't be started as told; the message names the setting and where it was read."""


def _mask(value: object) -> str:
    return MASK if value else repr(value)


def _read(parse: Callable[[object], object]) -> dict[str, object]:
    """How a setting is read: `parse` takes a string of the environment or a value of the file."""
    return {"parse": parse}


@attrs.frozen(kw_only=True)
class Settings:
    """All settings of a node; each field's variable is its name in capitals after the prefix."""

    data_dir: Path = attrs.field(metadata=_read(parsing.path))
    host: str = attrs.field(default="127.0.0.1", metadata=_read(parsing.text))
    port: int = attrs.field(default=3000, metadata=_read(parsing.port))
    """0 takes a free one."""
    database_url: str | None = attrs.field(
        default=None, repr=_mask, metadata=_read(parsing.database_url)
    )
    """None means the embedded server."""
    jwt_keys: Path | None = attrs.field(default=None, metadata=_read(parsing.path))
    """PEM file of Ed25519 private keys, the current first; None means made in the data folder."""
    cors_origins: tuple[str, ...] = attrs.field(default=(), metadata=_read(parsing.origins))
    trusted_proxies: tuple[Network, ...] = attrs.field(default=(), metadata=_read(parsing.networks))
    tls_certificate: Path | None = attrs.field(default=None, metadata=_read(parsing.path))
    tls_key: Path | None = attrs.field(default=None, metadata=_read(parsing.path))
    rate_limits: bool = attrs.field(default=True, metadata=_read(parsing.switch))
    metrics_port: int | None = attrs.field(default=None, metadata=_read(parsing.port))
    """Serves the metrics without a token, besides the route for owners."""
    log_level: str = attrs.field(default="info", metadata=_read(parsing.log_level))
    stripe_api_key: str | None = attrs.field(default=None, repr=_mask, metadata=_read(parsing.text))
    stripe_api_base: str = attrs.field(
        default="https://api.stripe.com", metadata=_read(parsing.http_url)
    )
    stripe_webhook_secret: tuple[str, ...] = attrs.field(
        default=(), repr=_mask, metadata=_read(parsing.texts)
    )
    """Every secret that is live while one is being rotated."""
    fcm_credentials: Path | None = attrs.field(default=None, metadata=_read(parsing.path))
    """JSON file of a service account."""
    fcm_url: str = attrs.field(
        default="https://fcm.googleapis.com", metadata=_read(parsing.http_url)
    )
    apns_key: Path | None = attrs.field(default=None, metadata=_read(parsing.path))
    """The `.p8` file."""
    apns_key_id: str | None = attrs.field(default=None, metadata=_read(parsing.text))
    apns_team_id: str | None = attrs.field(default=None, metadata=_read(parsing.text))
    apns_topic: str | None = attrs.field(default=None, metadata=_read(parsing.text))
    """The app's bundle id."""
    apns_url: str = attrs.field(
        default="https://api.push.apple.com", metadata=_read(parsing.http_url)
    )
    smtp_url: str | None = attrs.field(default=None, repr=_mask, metadata=_read(parsing.mail_url))
    smtp_from: str | None = attrs.field(default=None, metadata=_read(parsing.mail_sender))
    twilio_account: str | None = attrs.field(default=None, metadata=_read(parsing.text))
    twilio_token: str | None = attrs.field(default=None, repr=_mask, metadata=_read(parsing.text))
    twilio_from: str | None = attrs.field(default=None, metadata=_read(parsing.text))
    twilio_url: str = attrs.field(
        default="https://api.twilio.com", metadata=_read(parsing.http_url)
    )
    contact_url: str | None = attrs.field(default=None, metadata=_read(parsing.http_url))
    """Where the contact outside is told of an SOS that nobody came to."""
    contact_secret: str | None = attrs.field(default=None, repr=_mask, metadata=_read(parsing.text))
    providers_ca: Path | None = attrs.field(default=None, metadata=_read(parsing.path))
    """PEM file of the authorities that providers are believed by, instead of the machine's."""

    def __attrs_post_init__(self) -> None:
        for group in TOGETHER:
            lacking = [name for name in group if getattr(self, name) is None]
            if lacking and len(lacking) < len(group):
                raise SettingsError(
                    f"{', '.join(group)} belong together, but {', '.join(lacking)} is not set;"
                    " set all or none"
                )
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise SettingsError(
                "tls_certificate and tls_key belong together, but only one is set; set both or none"
            )
        if self.metrics_port is not None and self.metrics_port == self.port != 0:
            raise SettingsError(
                f"port and metrics_port are both {self.port}; the metrics need a port of their own"
            )

    def shown(self) -> dict[str, str]:
        """Every setting as text, secrets masked: what `lastlight check` prints."""
        return {
            field.name: MASK if value and field.repr is _mask else parsing.shown(value)
            for field in attrs.fields(Settings)
            for value in (getattr(self, field.name),)
        }


FIELDS: Final[Mapping[str, Any]] = attrs.fields_dict(Settings)


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """The user's place for data (XDG), or `./data` where the user has no home."""
    if given := environ.get("XDG_DATA_HOME"):
        return Path(given) / "lastlight"
    if home := environ.get("HOME"):
        return Path(home) / ".local" / "share" / "lastlight"
    return Path("data")


def _refuse_unknown(names: set[str], known: Mapping[str, str], where: str) -> None:
    for name in sorted(names - known.keys()):
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
        raise SettingsError(f"unknown setting {name} in {where}; {hint}")


def _parsed(name: str, value: object, where: str) -> object:
    field = FIELDS[name]
    try:
        return field.metadata["parse"](value)
    except ValueError as error:
        shown = MASK if field.repr is _mask else repr(value)
        raise SettingsError(f"{where} is {shown}; expected {error}") from None


def _read_file(path: Path) -> dict[str, object]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"settings file {path} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"settings file {path} is not TOML: {error}") from error
    _refuse_unknown(set(content), {name: name for name in FIELDS}, str(path))
    return {name: _parsed(name, value, f"{name} in {path}") for name, value in content.items()}


def load_settings(
    environ: Mapping[str, str], *, overrides: Mapping[str, object] | None = None
) -> Settings:
    """Read the settings of a node.

    Args:
        environ: the process's environment. An empty variable counts as not set.
        overrides: what the command line said, by field name; it wins over everything. None
            values count as not said.

    Raises:
        SettingsError: a name is unknown, a value does not fit, a file can't be read, or two
            settings contradict each other. Nothing was created.
    """
    told = {name: value for name, value in environ.items() if name.startswith(PREFIX) and value}
    config = told.pop(CONFIG_VARIABLE, None)
    variables = {PREFIX + name.upper(): name for name in FIELDS}
    _refuse_unknown(set(told), {**variables, CONFIG_VARIABLE: ""}, "the environment")
    values = {
        variables[variable]: _parsed(variables[variable], value, variable)
        for variable, value in told.items()
    }
    said = {name: value for name, value in (overrides or {}).items() if value is not None}
    _refuse_unknown(set(said), {name: name for name in FIELDS}, "the command line")
    values |= {name: _parsed(name, value, f"--{name}") for name, value in said.items()}
    values.setdefault("data_dir", default_data_dir(environ))
    path = Path(config) if config else Path(str(values["data_dir"])) / CONFIG_NAME
    if config or path.exists():
        values = _read_file(path) | values
    return Settings(**values)  # type: ignore[arg-type]
