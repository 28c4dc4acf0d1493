"""The settings: config.yaml and the environment, parsed once, typed, frozen. The only module that reads either.

Order: environment (`WANZI_` + path with `__`), then `…_FILE` (a file that holds the value), then config.yaml.
"""

import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlparse
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from bot.errors import SettingsError

PREFIX = "WANZI_"
OFFICIAL_API = "https://qyapi.weixin.qq.com/cgi-bin/"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WecomSettings(_Section):
    """The corp and its self-built app, as the WeCom admin console shows them."""

    corpid: str = Field("", description="企业 ID, from 我的企业")
    agentid: int = Field(0, ge=0, description="AgentId of the self-built app")
    secret: SecretStr = Field(SecretStr(""), description="Secret of the self-built app")
    token: SecretStr = Field(SecretStr(""), description="Token of 接收消息: up to 32 letters and digits")
    encoding_aes_key: SecretStr = Field(SecretStr(""), description="EncodingAESKey of 接收消息: 43 letters and digits")
    aibot_token: SecretStr = Field(SecretStr(""), description="Token of the AI bot (智能机器人); empty: no AI bot")
    aibot_encoding_aes_key: SecretStr = Field(SecretStr(""), description="EncodingAESKey of the AI bot")
    api_base_url: str = Field(OFFICIAL_API, description="Where the API lives; ends in /cgi-bin/")
    timeout_s: float = Field(10.0, gt=0, le=60, description="Seconds to wait for an API call")
    callback_max_age_s: int = Field(600, ge=0, le=86400, description="Oldest callback accepted; 0 switches it off")

    @field_validator("api_base_url")
    @classmethod
    def _ends_in_cgi_bin(cls, value: str) -> str:
        if urlparse(value).scheme not in ("http", "https") or not value.endswith("/cgi-bin/"):
            raise ValueError("must be an http(s) address that ends in /cgi-bin/")
        return value

    @field_validator("token", "encoding_aes_key", "aibot_token", "aibot_encoding_aes_key")
    @classmethod
    def _alphanumeric(cls, value: SecretStr, info: Any) -> SecretStr:
        text, is_key = value.get_secret_value(), str(info.field_name).endswith("aes_key")
        if text and not (text.isascii() and text.isalnum() and (len(text) == 43 if is_key else len(text) <= 32)):
            raise ValueError(f"must be {'exactly 43' if is_key else 'up to 32'} letters and digits")
        return value


class ReplySettings(_Section):
    burst_window_s: float = Field(1.5, ge=0, le=30, description="Messages this close get one reply; 0: one each")


class KnowledgeSettings(_Section):
    embedding: bool = Field(False, description="Liken questions to entries by a small language model too")


class HandoffSettings(_Section):
    """What happens while a customer waits for a person. Severity: 0 a plain wish to 3 danger."""

    alert_from: int = Field(2, ge=0, le=4, description="Severity from which the duty staff are told at once; 4: never")
    alert_repeat_s: int = Field(300, ge=60, le=86400, description="Told again after this long, until somebody serves")
    alert_most: int = Field(6, ge=1, le=100, description="Told so often at most, the first time included")
    overdue_s: str = Field(
        "3600,1800,600,300",
        pattern=r"^[1-9]\d{0,5}(,[1-9]\d{0,5}){3}$",
        description="From so long a wait on a hand-off is overdue, by severity 0 to 3",
    )
    hush_days: int = Field(30, ge=0, le=3650, description="After a crisis, this long without small talk and menus")

    @property
    def overdue(self) -> tuple[int, int, int, int]:
        first, second, third, fourth = (int(part) for part in self.overdue_s.split(","))
        return first, second, third, fourth


class PostsSettings(_Section):
    grace_s: int = Field(900, ge=60, le=3600, description="A post this late still counts as on time")
    catch_up_s: int = Field(14400, ge=0, le=86400, description="After an outage, oldest post still caught up; 0: none")


class ServerSettings(_Section):
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on")
    threads: int = Field(32, ge=1, le=256, description="Threads that acknowledge callbacks")
    api_token: SecretStr = Field(SecretStr(""), description="Bearer token of /api; empty: /api is closed")


class LlmSettings(_Section):
    base_url: str = Field("", description="OpenAI-compatible endpoint; empty: no model")
    api_key: SecretStr = Field(SecretStr(""), description="Key of that endpoint")
    model: str = Field("", description="Name of the model; empty: no model")
    timeout_s: float = Field(2.5, gt=0, le=10, description="Seconds the model has; then the knowledge answers alone")
    parallel: int = Field(4, ge=1, le=64, description="Questions put to the model at a time")
    daily_tokens: int = Field(200_000, ge=0, description="Tokens a day, by the brand's time zone; 0: no limit")

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if value and urlparse(value).scheme not in ("http", "https"):
            raise ValueError("must be an http(s) address, such as https://host/v1, or be empty")
        return value

    @model_validator(mode="after")
    def _address_and_name(self) -> "LlmSettings":
        if bool(self.base_url) != bool(self.model):
            raise ValueError("base_url and model go together")
        return self


class Settings(_Section):
    """Everything that can be set."""

    wecom: WecomSettings = WecomSettings()
    reply: ReplySettings = ReplySettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    handoff: HandoffSettings = HandoffSettings()
    posts: PostsSettings = PostsSettings()
    server: ServerSettings = ServerSettings()
    llm: LlmSettings = LlmSettings()
    database_url: str = Field("sqlite:///var/wanzi.db", description="SQLite or PostgreSQL (postgresql+psycopg://…)")
    broker_url: str = Field("", description="RabbitMQ or Redis that carries the bell; empty: local")
    persona: str = Field("xiaowanzi", pattern=r"^[a-z0-9_-]+$", description="Name of the persona file")
    timezone: str = Field("Asia/Shanghai", description="Time zone of the slots and greetings")
    brand_dir: Path = Field(
        Path("brands/fuyu"), validate_default=True, description="The brand: persona, catalogue, knowledge, stores"
    )
    clock_file: str = Field("", description="For rehearsals: a file with seconds to add to the clock; empty: none")
    log_format: Literal["json", "console"] = Field("console", description="How a log line looks")

    @field_validator("brand_dir")
    @classmethod
    def _beside_the_program(cls, value: Path) -> Path:
        """A folder that is not below the working directory may be one that came with Wanzi."""
        shipped = Path(__file__).parent.parent / value
        return shipped if not value.is_absolute() and not value.exists() and shipped.exists() else value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as exc:
            raise ValueError("must be a name of the tz database, such as Asia/Shanghai") from exc
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return value

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value and not value.startswith(("amqp://", "amqps://", "redis://", "rediss://")):
            raise ValueError("must begin with amqp://, amqps://, redis:// or rediss://, or be empty")
        return value

    @model_validator(mode="after")
    def _aibot_pair(self) -> "Settings":
        if bool(self.wecom.aibot_token.get_secret_value()) != bool(
            self.wecom.aibot_encoding_aes_key.get_secret_value()
        ):
            raise ValueError("wecom.aibot_token and wecom.aibot_encoding_aes_key go together")
        return self


def require(settings: Settings, *keys: str) -> None:
    """Raises SettingsError when one of these keys of `wecom` is empty: without it this process could do nothing."""
    for key in keys:
        value = getattr(settings.wecom, key)
        if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
            name = f"{PREFIX}WECOM__{key.upper()}"
            raise SettingsError(f"wecom.{key}: is empty; set it in config.yaml or as {name}, or try `wanzi demo`")


def load_settings(path: Path | None = None, environ: dict[str, str] | None = None) -> Settings:
    """Read the settings. Raises SettingsError naming file or variable, key and what is allowed.

    `path` defaults to $WANZI_CONFIG, else config.yaml here; a file that is not there holds nothing.
    """
    env = dict(os.environ if environ is None else environ)
    named = env.pop(f"{PREFIX}CONFIG", "")
    chosen = path or Path(named or "config.yaml")
    data = _read_file(chosen, required=bool(path or named))
    origin = dict.fromkeys(_paths(data), str(chosen))
    for keys, value, source in _from_environment(env):
        _set(data, keys, value, source)
        origin[".".join(keys)] = source
    try:
        return Settings.model_validate(data)
    except ValidationError as exc:
        raise SettingsError(_explain(exc, origin, str(chosen))) from None


def _read_file(path: Path, *, required: bool) -> dict[str, Any]:
    if not path.exists():
        if required:
            raise SettingsError(f"{path}: no such file")
        return {}
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as exc:
        raise SettingsError(f"{path}: not readable as YAML: {exc}") from exc
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: must hold keys and values")
    return data


def _from_environment(env: dict[str, str]) -> list[tuple[list[str], str, str]]:
    found = []
    for name, value in sorted(env.items(), key=lambda item: (not item[0].endswith("_FILE"), item[0])):
        if not name.startswith(PREFIX) or name.startswith(f"{PREFIX}TEST_"):
            continue
        keys = name[len(PREFIX) :].lower().split("__")
        if keys[-1].endswith("_file") and ".".join(keys) not in PATHS:
            keys[-1] = keys[-1].removesuffix("_file")
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except OSError as exc:
                raise SettingsError(f"environment {name}: cannot read the file it names: {exc.strerror}") from exc
        found.append((keys, value, f"environment {name}"))
    return found


def _set(data: dict[str, Any], keys: list[str], value: str, source: str) -> None:
    for key in keys[:-1]:
        data = data.setdefault(key, {})
        if not isinstance(data, dict):
            raise SettingsError(f"{source}: there is no section '{key}'")
    data[keys[-1]] = value


def _paths(data: dict[str, Any], before: str = "") -> list[str]:
    paths: list[str] = []
    for key, value in data.items():
        paths += _paths(value, f"{before}{key}.") if isinstance(value, dict) else [f"{before}{key}"]
    return paths


def _explain(exc: ValidationError, origin: dict[str, str], file: str) -> str:
    lines = []
    for error in exc.errors(include_input=False, include_url=False):
        key = ".".join(str(part) for part in error["loc"])
        if error["type"] == "extra_forbidden":
            section = key.rpartition(".")[0]
            allowed = sorted(path.rpartition(".")[2] for path in PATHS if path.rpartition(".")[0] == section)
            sections = [] if section else sorted({path.split(".")[0] for path in PATHS if "." in path})
            message = f"unknown key; allowed: {', '.join(sorted({*allowed, *sections}))}"
        else:
            message = error["msg"].removeprefix("Value error, ")
        lines.append(f"{origin.get(key, file)}: {key or 'settings'}: {message}")
    return "\n".join(lines)


def describe() -> list[tuple[str, str, str]]:
    """Every setting as (key, default, description), in order: the source of docs/settings.md and of its test."""
    rows: list[tuple[str, str, str]] = []
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, _Section):
            for inner, inner_field in section.model_fields.items():
                rows.append((f"{name}.{inner}", _shown(inner_field.default), inner_field.description or ""))
        else:
            rows.append((name, _shown(field.default), field.description or ""))
    return rows


def _shown(default: Any) -> str:
    return default.get_secret_value() if isinstance(default, SecretStr) else str(default)


PATHS = frozenset(key for key, _, _ in describe())
