"""`wanzi demo`: a sandbox that knows the sample brand, and a bot beside it, both new at every start.

The two share a clock file, so that the sandbox's page can move them to the next slot together.
"""

import os
import secrets
import shutil
import signal
import string
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import yaml

from bot.bootstrap import read_brand
from bot.errors import WanziError
from bot.settings import Settings, load_settings
from handlers.brand import Brand

CORPID = "wwWanziDemo0000001"
AGENTID = 1000002
SLOTS = ["08:30", "12:00", "15:30", "20:00"]
READY_S = 30.0
_ALPHABET = string.ascii_letters + string.digits

CUSTOMERS = [
    ("wmDemoMei", "梅子酱"),
    ("wmDemoAhe", "阿禾"),
    ("wmDemoTang", "唐一一"),
]


def run(folder: Path, port: int, sandbox_port: int) -> None:
    """Run both until Ctrl+C. Raises WanziError when one of them does not come up."""
    settings = load_settings()
    brand = read_brand(settings)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    keys = {name: _random(length) for name, length in (("secret", 43), ("token", 24), ("key", 43), ("api", 32))}
    bot_url, sandbox_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    world, clock_file = folder / "world.yaml", folder / "clock"
    clock_file.write_text(str(_opening_offset_s(brand)))
    spec = world_of(settings.brand_dir, keys, bot_url)
    world.write_text(yaml.safe_dump(spec, allow_unicode=True, sort_keys=False), encoding="utf-8")
    wanzi = [sys.executable, "-m", "bot"]
    environ = {**os.environ, **_environment(settings, keys, folder, clock_file, port, sandbox_url)}
    sandbox = [*wanzi, "sandbox", "--world", str(world), "--port", str(sandbox_port), "--clock-file", str(clock_file)]
    log = (folder / "wanzi.log").open("w")
    children = [subprocess.Popen(sandbox, env=environ)]  # noqa: S603 - our own program
    try:
        _wait_for(f"{sandbox_url}/control/world", children, log.name)
        children.append(subprocess.Popen([*wanzi, "serve"], env=environ, stderr=log))  # noqa: S603
        _wait_for(f"{bot_url}/readyz", children, log.name)
        _verify(sandbox_url)
        print(_greeting(bot_url, sandbox_url, folder, brand), flush=True)
        _watch(children)
    finally:
        for child in reversed(children):
            child.terminate()
        for child in children:
            child.wait(12)
        log.close()


def world_of(brand_dir: Path, keys: dict[str, str], bot_url: str) -> dict[str, Any]:
    """The sandbox's world for a brand: its staff, accounts, groups and codes, and a few customers."""

    def read(name: str) -> dict[str, Any]:
        data: dict[str, Any] = yaml.safe_load((brand_dir / name).read_text(encoding="utf-8"))
        return data

    stores, groups, codes = read("stores.yaml"), read("groups.yaml")["groups"], read("live_codes.yaml")["live_codes"]
    doors = {"token": keys["token"], "encoding_aes_key": keys["key"]}
    return {
        "corpid": CORPID,
        "apps": [
            {
                "agentid": AGENTID,
                "name": "丸子",
                "secret": keys["secret"],
                "callback_url": f"{bot_url}/wecom/callback",
                **doors,
            }
        ],
        "aibots": [{"aibotid": "aibDemo", "name": "丸子", "callback_url": f"{bot_url}/wecom/aibot", **doors}],
        "staff": [{"userid": member["userid"], "name": member["name"]} for member in stores["staff"]],
        "kf_accounts": [
            {
                "open_kfid": account["open_kfid"],
                "name": account["name"],
                "servicers": [{"userid": userid, "status": 0} for userid in account["servicers"]],
            }
            for account in stores["kf_accounts"]
        ],
        "customers": [{"external_userid": ident, "nickname": name, "follows": []} for ident, name in CUSTOMERS],
        "groups": [
            {
                "chat_id": group["chat_id"],
                "name": group["name"],
                "owner": group["owner"],
                "members": [
                    {"id": group["owner"], "kind": "staff"},
                    *({"id": ident, "kind": "customer"} for ident, _ in CUSTOMERS),
                ],
            }
            for group in groups
            if "chat_id" in group
        ],
        "robots": [{"key": group["webhook_key"], "name": group["name"]} for group in groups if "webhook_key" in group],
        "contact_ways": [
            {"config_id": code["config_id"], "user": [code["userid"]], "state": code["state"], "name": code["channel"]}
            for code in codes
            if "config_id" in code
        ],
        "join_ways": [
            {"config_id": f"join-{group['chat_id']}", "chat_id_list": [group["chat_id"]], "name": group["name"]}
            for group in groups
            if "chat_id" in group
        ],
        "slots": SLOTS,
        "wanzi_url": bot_url,
        "wanzi_api_token": keys["api"],
    }


def _environment(
    settings: Settings, keys: dict[str, str], folder: Path, clock_file: Path, port: int, sandbox_url: str
) -> dict[str, str]:
    return {
        "WANZI_WECOM__CORPID": CORPID,
        "WANZI_WECOM__AGENTID": str(AGENTID),
        "WANZI_WECOM__SECRET": keys["secret"],
        "WANZI_WECOM__TOKEN": keys["token"],
        "WANZI_WECOM__ENCODING_AES_KEY": keys["key"],
        "WANZI_WECOM__AIBOT_TOKEN": keys["token"],
        "WANZI_WECOM__AIBOT_ENCODING_AES_KEY": keys["key"],
        "WANZI_WECOM__API_BASE_URL": f"{sandbox_url}/cgi-bin/",
        "WANZI_SERVER__PORT": str(port),
        "WANZI_SERVER__API_TOKEN": keys["api"],
        "WANZI_DATABASE_URL": f"sqlite:///{folder}/wanzi.db",
        "WANZI_CLOCK_FILE": str(clock_file),
        "WANZI_BRAND_DIR": str(settings.brand_dir),
    }


def _random(length: int) -> str:
    """Letters and digits; a 43-character key's last one must decode without bits left over."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length - 1)) + "A"


def _opening_offset_s(brand: Brand) -> float:
    """Seconds to add so that the demo begins while people serve: asking for a person then brings one."""
    local = brand.local(datetime.now(UTC))
    if brand.hours.is_open(local):
        return 0.0
    return (brand.hours.next_opening(local) + timedelta(minutes=5) - local).total_seconds()


def _wait_for(url: str, children: list["subprocess.Popen[bytes]"], log: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if any(child.poll() is not None for child in children):
            raise WanziError(f"the demo did not start; the reason stands above or in {log} (is a port in use?)")
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise WanziError(f"the demo did not start: {url} does not answer")


def _verify(sandbox_url: str) -> None:
    """What the WeCom admin console does when the callback address is saved."""
    answer = requests.post(f"{sandbox_url}/control/verify", json={"agentid": AGENTID}, timeout=10).json()
    if not answer.get("ok"):
        raise WanziError(f"the sandbox could not verify the callback address: {answer}")


def _greeting(bot_url: str, sandbox_url: str, folder: Path, brand: Brand) -> str:
    return f"""
丸子 Wanzi is running with the sample brand {brand.persona.brand} ({brand.persona.name}).

  Open   {sandbox_url}/   沙盒：客户的手机、员工的企业微信、为什么这样答、时钟
  Log-in none: the sandbox listens on this machine only
  Bot    {bot_url}/healthz   /readyz   /metrics
  Data   {folder}/wanzi.db, log {folder}/wanzi.log   (new at every start)

Stop with Ctrl+C.
"""


def _watch(children: list["subprocess.Popen[bytes]"]) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(0.5):
        for child in children:
            if child.poll() is not None:
                raise WanziError("a part of the demo has stopped; the reason stands above")
