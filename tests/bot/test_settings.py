"""Settings: where a value comes from, and what is said of a bad one."""

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import load_settings, require


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "wecom: {corpid: wwFile, agentid: 7}\nreply: {burst_window_s: 0}\n")

    settings = load_settings(path, {"WANZI_WECOM__CORPID": "wwEnvironment"})

    assert (settings.wecom.corpid, settings.wecom.agentid, settings.reply.burst_window_s) == ("wwEnvironment", 7, 0)


def test_a_secret_may_lie_in_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")

    settings = load_settings(write(tmp_path, ""), {"WANZI_WECOM__SECRET_FILE": str(secret)})

    assert settings.wecom.secret.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


def test_the_clock_file_is_a_setting_and_not_a_secret_in_a_file(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, ""), {"WANZI_CLOCK_FILE": "/tmp/clock"}).clock_file == "/tmp/clock"


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert load_settings(environ={}).wecom.api_base_url == "https://qyapi.weixin.qq.com/cgi-bin/"


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ("wecom: {corpidd: x}", {}, ["config.yaml", "wecom.corpidd", "unknown key", "corpid"]),
        ("webcom: {corpid: x}", {}, ["config.yaml", "webcom", "unknown key", "wecom"]),
        ("", {"WANZI_SERVER__PORTT": "1"}, ["WANZI_SERVER__PORTT", "server.portt", "port"]),
        ("", {"WANZI_SERVER__PORT": "eighty"}, ["WANZI_SERVER__PORT", "server.port", "integer"]),
        ("server: {port: 70000}", {}, ["config.yaml", "server.port", "65535"]),
        ("wecom: {api_base_url: 'https://qyapi.weixin.qq.com'}", {}, ["wecom.api_base_url", "/cgi-bin/"]),
        ("wecom: {encoding_aes_key: short}", {}, ["wecom.encoding_aes_key", "43"]),
        ("wecom: {aibot_token: abc}", {}, ["aibot_encoding_aes_key", "together"]),
        ("timezone: Mars/Olympus", {}, ["timezone", "Asia/Shanghai"]),
        ("database_url: mysql://x", {}, ["database_url", "sqlite:///", "postgresql+psycopg://"]),
        ("broker_url: kafka://x", {}, ["broker_url", "amqp://"]),
        ("reply: {burst_window_s: -1}", {}, ["reply.burst_window_s", "0"]),
        ("[1, 2]", {}, ["config.yaml", "keys and values"]),
        ("a: [", {}, ["config.yaml", "YAML"]),
        ("", {"WANZI_WECOM__SECRET_FILE": "/nowhere/at/all"}, ["WANZI_WECOM__SECRET_FILE", "cannot read"]),
    ],
)
def test_a_bad_setting_is_named_with_its_place_and_what_is_allowed(
    tmp_path: Path, text: str, environ: dict[str, str], said: list[str]
) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(write(tmp_path, text), environ)

    for part in said:
        assert part in str(refusal.value)


def test_a_bad_secret_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        load_settings(write(tmp_path, ""), {"WANZI_WECOM__ENCODING_AES_KEY": "my-own-secret-key"})

    assert "my-own-secret-key" not in str(refusal.value)


def test_a_process_that_could_do_nothing_says_which_key_it_lacks(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, "wecom: {corpid: ww1}"), {})

    require(settings, "corpid")
    with pytest.raises(SettingsError, match=r"wecom\.secret.*WANZI_WECOM__SECRET"):
        require(settings, "corpid", "secret")


def test_a_value_set_directly_wins_over_one_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file")
    environ = {"WANZI_WECOM__SECRET": "direct", "WANZI_WECOM__SECRET_FILE": str(secret)}

    assert load_settings(write(tmp_path, ""), environ).wecom.secret.get_secret_value() == "direct"
