"""Every knob of the sandbox: what the sheet leaves unverified, and limits that tests make smaller."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_type_hints


@dataclass
class Rules:
    """Defaults are WeCom's own figures; 0 switches a frequency limit off."""

    #: transitions by API that no page settles (94669): "from->to": allowed
    kf_trans: dict[str, bool] = field(
        default_factory=lambda: {"0->4": False, "1->4": False, "2->4": False, "3->2": False}
    )
    kf_duplicate_msgid_errcode: int = 40058
    kf_code_errcode: int = 40058  # a reply code that is unknown, used or too old
    kf_event_reply_counts: bool = False  # whether a welcome counts against the 5 per customer message
    kf_page_size: int = 1000  # sync_msg may return fewer than `limit`
    kf_empty_page_probability: float = 0.0  # has_more 1 with an empty msg_list
    kf_tokenless_per_min: int = 300  # sync_msg without token: "a stricter rate limit"
    native_welcome: bool = False  # a welcome configured in the admin console: no WelcomeCode
    wrong_secret_limit: int = 2000  # wrong gettoken calls per hour and address, then 45009 for an hour
    token_lifetime_s: float = 7200.0
    api_per_min: int = 10_000  # per corp and API (90312)
    app_member_per_min: int = 30  # per app and member; more are dropped silently (90454)
    app_member_per_hour: int = 1000
    robot_per_min: int = 20  # per webhook robot (99110)
    mass_cap_window: str = "month"  # month, week or day
    mass_cap: int = 0  # mass messages per customer or group in the window; 0: days in the month (92135)
    mass_dispatch_s: float = 2.0  # 41063 until then
    detail_lag_s: float = 2.0  # groupchat/get lags behind its event
    corp_tag_limit: int = 10_000
    fresh_signature_on_retry: bool = False
    callback_tries: int = 3
    callback_timeout_s: float = 5.0
    calls_kept: int = 20_000
    events_kept: int = 5_000
    messages_kept: int = 5_000  # per chat
    kf_items_kept: int = 100_000  # per account, behind sync_msg

    def change(self, values: dict[str, Any]) -> None:
        """Set several knobs at once. Raises ValueError naming the first that does not exist or has a wrong type."""
        types = get_type_hints(Rules)
        for name, value in values.items():
            if name not in types:
                known = ", ".join(f.name for f in fields(self))
                raise ValueError(f"rules.{name}: unknown (known: {known})")
            if name == "kf_trans":
                self._change_transitions(value)
            elif type(value) is int and types[name] is float:
                setattr(self, name, float(value))
            elif type(value) is types[name]:
                setattr(self, name, value)
            else:
                raise ValueError(f"rules.{name}: must be {types[name].__name__}")

    def _change_transitions(self, value: Any) -> None:
        if not isinstance(value, dict) or not set(value) <= set(self.kf_trans):
            raise ValueError(f"rules.kf_trans: keys must be among {', '.join(sorted(self.kf_trans))}")
        self.kf_trans = {**self.kf_trans, **{key: bool(allowed) for key, allowed in value.items()}}

    def view(self) -> dict[str, Any]:
        return asdict(self)
