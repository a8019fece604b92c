"""Settings: one wrong letter must never be a silent default, and no secret may show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lastlight.settings import FIELDS, PREFIX, Settings, SettingsError, load_settings

HOME = {"HOME": "/home/somebody"}


def test_an_empty_environment_is_enough() -> None:
    """A newcomer sets nothing; data lands in the user's own place and the door is local."""
    settings = load_settings(HOME)
    assert settings == Settings(data_dir=Path("/home/somebody/.local/share/lastlight"))
    assert (settings.host, settings.port, settings.rate_limits) == ("127.0.0.1", 3000, True)


def test_without_a_home_data_stays_where_the_node_was_started() -> None:
    """Service users often have no home; an unset variable must not become the root folder."""
    assert load_settings({}).data_dir == Path("data")


def test_command_line_beats_environment_beats_file(tmp_path: Path) -> None:
    """Whoever is nearest to this one start decides."""
    (tmp_path / "lastlight.toml").write_text(
        'host = "0.0.0.0"\nport = 1\nlog_level = "debug"\n', encoding="utf-8"
    )
    environ = {"LASTLIGHT_DATA_DIR": str(tmp_path), "LASTLIGHT_PORT": "2", "LASTLIGHT_HOST": ""}
    settings = load_settings(environ, overrides={"log_level": "error", "port": None})
    assert (settings.host, settings.port, settings.log_level) == ("0.0.0.0", 2, "error")  # noqa: S104


def test_lists_are_read_from_commas_and_from_toml(tmp_path: Path) -> None:
    """Both sources must mean the same, or moving a setting would change it."""
    named = tmp_path / "other.toml"
    named.write_text(
        'cors_origins = ["https://a.example", "https://b.example"]\nrate_limits = false\n',
        encoding="utf-8",
    )
    from_file = load_settings({**HOME, "LASTLIGHT_CONFIG": str(named)})
    from_environment = load_settings(
        {
            **HOME,
            "LASTLIGHT_CORS_ORIGINS": "https://a.example, https://b.example",
            "LASTLIGHT_RATE_LIMITS": "off",
        }
    )
    assert from_file == from_environment


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("LASTLIGHT_PROT", "3000", "did you mean LASTLIGHT_PORT?"),
        ("LASTLIGHT_PORT", "tcp://10.0.0.1:3000", "expected a port from 0 to 65535"),
        ("LASTLIGHT_PORT", "65536", "expected a port"),
        ("LASTLIGHT_RATE_LIMITS", "no", "expected on or off"),
        ("LASTLIGHT_CORS_ORIGINS", "*", "expected origins"),
        ("LASTLIGHT_CORS_ORIGINS", "https://a.example/", "expected origins"),
        ("LASTLIGHT_TRUSTED_PROXIES", "10.0.0.1/8", "expected addresses or networks"),
        ("LASTLIGHT_LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("LASTLIGHT_STRIPE_API_BASE", "ftp://x", "an http or https address"),
        ("LASTLIGHT_TLS_KEY", "/k.pem", "set both or none"),
        ("LASTLIGHT_METRICS_PORT", "3000", "a port of their own"),
        ("LASTLIGHT_CONFIG", "/does/not/exist.toml", "can't be read"),
        ("LASTLIGHT_SMTP_URL", "mail.example:25", "expected smtp://user:password@host:587"),
        ("LASTLIGHT_SMTP_URL", "http://mail.example", "expected smtp://"),
        ("LASTLIGHT_SMTP_URL", "smtp://mail.example:99999", "expected smtp://"),
        ("LASTLIGHT_SMTP_FROM", "Last Light", "an address such as"),
        ("LASTLIGHT_SMTP_FROM", "a@b.example\nBcc: c@d.example", "an address such as"),
        ("LASTLIGHT_SMTP_FROM", "a@b.example", "smtp_url is not set; set all or none"),
        ("LASTLIGHT_APNS_TOPIC", "x", "apns_key, apns_key_id, apns_team_id is not set"),
        ("LASTLIGHT_TWILIO_TOKEN", "x", "set all or none"),
        ("LASTLIGHT_CONTACT_URL", "https://guards.example/hook", "contact_secret is not set"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(variable: str, value: str, said: str) -> None:
    """The operator reads the message once, at night; it has to name place, value and remedy."""
    with pytest.raises(SettingsError, match=re.escape(said)):
        load_settings({**HOME, variable: value})


@pytest.mark.parametrize("line", ["prot = 3000", "port = true", "port = [1]", "port = "])
def test_the_file_is_read_as_strictly(line: str, tmp_path: Path) -> None:
    """A boolean is an int in Python, and a table would be nobody's setting."""
    path = tmp_path / "lastlight.toml"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(SettingsError, match=re.escape(str(path))):
        load_settings({"LASTLIGHT_DATA_DIR": str(tmp_path)})


def test_no_secret_shows() -> None:
    """Settings are printed by `lastlight check` and end up in tickets."""
    secrets = {
        "LASTLIGHT_DATABASE_URL": "postgresql://u:geheim1@db/x",
        "LASTLIGHT_STRIPE_API_KEY": "geheim2",
        "LASTLIGHT_STRIPE_WEBHOOK_SECRET": "geheim3,geheim4",
        "LASTLIGHT_SMTP_URL": "smtps://door:geheim5@mail.example",
        "LASTLIGHT_SMTP_FROM": "Last Light <door@night.example>",
        "LASTLIGHT_TWILIO_ACCOUNT": "AC1",
        "LASTLIGHT_TWILIO_TOKEN": "geheim6",
        "LASTLIGHT_TWILIO_FROM": "+81300000000",
        "LASTLIGHT_CONTACT_URL": "https://guards.example/hook",
        "LASTLIGHT_CONTACT_SECRET": "geheim7",
    }
    settings = load_settings({**HOME, **secrets})
    assert settings.stripe_webhook_secret == ("geheim3", "geheim4")
    for text in (repr(settings), str(settings), str(settings.shown())):
        assert "geheim" not in text
    with pytest.raises(SettingsError) as caught:
        load_settings({**HOME, "LASTLIGHT_DATABASE_URL": "mysql://u:geheim@db"})
    assert "geheim" not in str(caught.value)


def test_what_is_shown_can_be_set_again() -> None:
    """Whoever copies the output of `lastlight check` gets the same node."""
    before = load_settings({**HOME, "LASTLIGHT_TRUSTED_PROXIES": "10.0.0.0/8,::1"})
    shown = {PREFIX + name.upper(): text for name, text in before.shown().items()}
    told = {name: text for name, text in shown.items() if text != "-"}
    assert load_settings(told) == before


def test_every_setting_is_documented() -> None:
    """A setting that only the code knows is found by nobody."""
    text = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    missing = [name for name in FIELDS if f"`{PREFIX}{name.upper()}`" not in text]
    assert not missing
