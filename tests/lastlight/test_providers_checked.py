"""`lastlight check` looks at what messages to people are to go out by, and sends nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lastlight.cli_check import check_providers
from lastlight.settings import Settings
from tests.twins.authority import pem_of
from tests.twins.push_servers import PROJECT, ApnsBooks, FcmBooks


def found(settings: Settings) -> dict[str, tuple[str, str]]:
    """What was said of each way: mark and words."""
    return {one.what: (one.mark.strip(), one.words) for one in check_providers(settings)}


def test_ways_that_are_not_set_up_are_off(tmp_path: Path) -> None:
    """And it is said where their messages are to be found."""
    words = found(Settings(data_dir=tmp_path))
    for way in ("push to Android", "push to iPhones", "e-mail", "SMS and calls", "contact outside"):
        assert words[way] == ("off", "not set up; messages go to the folder mail/")


def test_ways_that_are_set_up_are_named_without_their_secrets(tmp_path: Path) -> None:
    """The output ends up in tickets."""
    fcm, apns = tmp_path / "fcm.json", tmp_path / "apns.p8"
    fcm.write_bytes(FcmBooks(url="https://oauth.example").credentials())
    apns.write_bytes(pem_of(ApnsBooks().key))
    settings = Settings(
        data_dir=tmp_path,
        fcm_credentials=fcm,
        apns_key=apns,
        apns_key_id="k",
        apns_team_id="t",
        apns_topic="example.app",
        smtp_url="smtps://door:geheim@mail.example",
        smtp_from="door@night.example",
        twilio_account="AC1",
        twilio_token="geheim",
        twilio_from="+81300000000",
        contact_url="https://guards.example/hook",
        contact_secret="geheim",
    )
    words = found(settings)
    assert words["push to Android"] == (
        "ok",
        f"through https://fcm.googleapis.com, project {PROJECT}",
    )
    assert words["push to iPhones"][1].endswith("topic example.app")
    assert words["e-mail"] == ("ok", "as door@night.example")
    assert words["SMS and calls"] == ("ok", "through https://api.twilio.com")
    assert words["contact outside"] == ("ok", "through https://guards.example/hook")
    assert "geheim" not in str(words)


@pytest.mark.parametrize("text", [None, "{}"])
def test_a_key_that_can_not_be_used_is_found_before_the_start(
    tmp_path: Path, text: str | None
) -> None:
    """It would keep the node from starting."""
    path = tmp_path / "fcm.json"
    if text is not None:
        path.write_text(text)
    mark, words = found(Settings(data_dir=tmp_path, fcm_credentials=path))["push to Android"]
    assert mark == "FAILS"
    assert "fcm.json" in words
