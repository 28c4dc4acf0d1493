"""Talks with a running demo through the sandbox's control API, and writes down who said what and why.

    .venv/bin/python -m tests.scenarios.talk < tests/scenarios/coffee_talk.yaml

speaks the `say` of each line as a new customer and prints the conversation; `--sandbox` names another address, `--page`
a page whose first ```text block shall hold it from now on.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import yaml

from bot.demo import AGENTID

START_S = 60.0
ANSWER_S = 30.0  # the bot waits 1.5 s for a second message; the first answer of a busy machine takes longer
QUIET_S = 0.6  # nothing more comes after so long a silence


class Phone:
    """A new customer's phone, in the demo's first kf account."""

    def __init__(self, sandbox: str) -> None:
        self.sandbox = sandbox
        self._wait()
        self.open_kfid: str = self._get("world")["kf_accounts"][0]["open_kfid"]
        self.customer: str = self._post("customer/add", nickname="新来的客人")["external_userid"]

    def say(self, text: str) -> list[dict[str, Any]]:
        """Write a text; what comes back until it is quiet again."""
        before = len(self._heard())
        self._post("customer/write", external_userid=self.customer, open_kfid=self.open_kfid, text=text)
        heard, deadline, quiet_at = before, time.monotonic() + ANSWER_S, float("inf")
        while time.monotonic() < min(deadline, quiet_at):
            time.sleep(0.1)
            now = len(self._heard())
            if now > heard:
                heard, quiet_at = now, time.monotonic() + QUIET_S
        return self._heard()[before:]

    def why(self, msgid: str) -> dict[str, Any]:
        """What the bot says about one of its messages."""
        answer = requests.get(f"{self.sandbox}/control/why", params={"msgid": msgid}, timeout=10)
        return dict(answer.json()) if answer.ok else {}

    def _wait(self) -> None:
        """Until the sandbox is there and the bot behind it is ready."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                if self._post("verify", agentid=AGENTID)["ok"]:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.3)
        sys.exit(f"no demo at {self.sandbox}")

    def _heard(self) -> list[dict[str, Any]]:
        sessions = [s for s in self._get("world")["kf_sessions"] if s["external_userid"] == self.customer]
        return [message for session in sessions for message in session["messages"] if message["from"] == "bot"]

    def _get(self, path: str) -> dict[str, Any]:
        return dict(requests.get(f"{self.sandbox}/control/{path}", timeout=10).json())

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.sandbox}/control/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return dict(answer.json())


def shown(message: dict[str, Any]) -> str:
    """A message as words, a menu's lines and tail included."""
    menu = message.get("menu")
    if not menu:
        return str(message["text"])
    return "\n".join([menu["head"], *(item["content"] for item in menu["items"]), *filter(None, [menu.get("tail")])])


def because(why: dict[str, Any]) -> str:
    """Why, in a few words: the entry and the tag of its variant, or the kind of the reply; and the tags it earned."""
    source, variant = why.get("source") or {}, why.get("variant") or {}
    parts = [source.get("id") or why.get("kind", ""), variant.get("tag", ""), why.get("gate", {}).get("name", "")]
    tags = [tag["tag"] for tag in why.get("tags", []) if not tag.get("relation")]
    return " · ".join(filter(None, [*parts, f"标签 {'、'.join(tags)}" if tags else ""]))


def talk(phone: Phone, lines: list[dict[str, Any]]) -> Iterator[str]:
    """Say the lines; the conversation, message by message."""
    heard: list[dict[str, Any]] = []
    for line in lines:
        if line.get("if_menu") and not (heard and heard[-1].get("menu")):
            continue
        yield f"客户  {line['say']}"
        heard = phone.say(line["say"])
        for message in heard:
            told = because(phone.why(message["msgid"]))
            text = shown(message).replace("\n", "\n      ")
            yield f"回答  {text}" + (f"   〔{told}〕" if told else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sandbox", default="http://127.0.0.1:8790")
    parser.add_argument("--page", type=Path)
    told = parser.parse_args()
    said = "".join(f"{line}\n" for line in talk(Phone(told.sandbox), yaml.safe_load(sys.stdin)))
    sys.stdout.write(said)
    if told.page:
        page = told.page.read_text(encoding="utf-8")
        before, fence, after = page.partition("```text\n")
        told.page.write_text(before + fence + said + after[after.index("```") :], encoding="utf-8")


if __name__ == "__main__":
    main()
