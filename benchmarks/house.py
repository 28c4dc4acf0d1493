"""A house to measure: a brand with 10,000 entries, the sandbox, Wanzi and the baseline as processes on this machine.

Nothing is ever called but 127.0.0.1.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import requests
import yaml
from load import Order, Result

ROOT = Path(__file__).parent.parent
HERE = Path(__file__).parent
BRAND = ROOT / "brands" / "fuyu"
ENTRIES = 10_000
THREADS = 32
READY_S = 60.0

CORPID, AGENTID, SECRET, TOKEN, KEY = "wwBench000000001", 1000002, "bench-secret", "tokenForBench", "B" * 42 + "A"
KF = "wkBench"
CUSTOMERS = [f"wmBench{number}" for number in range(2000)]
STAFF = [f"bench{number}" for number in range(400)]
CODE = "cwBench"


def make_brand(folder: Path, entries: int = ENTRIES) -> Path:
    """A copy of the sample brand whose knowledge has `entries` entries."""
    shutil.copytree(BRAND, folder)
    file = folder / "knowledge.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    parts = ["面霜的挤压泵", "精华的滴管", "洁面的瓶盖", "防晒的外盒", "眼霜的刮勺", "面膜的底托"]
    for number in range(entries - len(lines)):
        part = parts[number % len(parts)]
        lines.append(
            json.dumps(
                {
                    "id": f"B{number}",
                    "question": f"第{number}批{part}坏了去哪里换？",
                    "similar": [f"{number}批次{part}断了", f"批号{number}的货{part}少一个"],
                    "answer": f"批号{number}的货，{part}可以到门店免费换，也可以寄回广州仓，凭订单尾号登记。",
                },
                ensure_ascii=False,
            )
        )
    file.write_text("\n".join(lines), encoding="utf-8")
    return folder


def questions() -> list[str]:
    """Questions that the sample brand answers, one of each of its entries."""
    lines = (BRAND / "knowledge.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class House:
    """Processes under measurement, all in one folder of their own."""

    def __init__(self, folder: Path, brand: Path) -> None:
        self.folder, self.brand = folder, brand
        folder.mkdir(parents=True)
        self.port, self.sandbox_port, self.echo_port = free_port(), free_port(), free_port()
        self.url, self.sandbox_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.sandbox_port}"
        self.callback = f"{self.url}/wecom/callback"
        self.log = (folder / "log").open("w")
        self.http = requests.Session()
        self.sandbox: subprocess.Popen[bytes] | None = None
        self.wanzi: subprocess.Popen[bytes] | None = None
        self.echo: subprocess.Popen[bytes] | None = None

    def start_sandbox(self) -> None:
        world = self.folder / "world.yaml"
        world.write_text(yaml.safe_dump(self._world(), allow_unicode=True), encoding="utf-8")
        self.sandbox = self._start(
            ["-m", "bot", "sandbox", "--world", str(world), "--port", str(self.sandbox_port)], {}
        )
        _wait_for(f"{self.sandbox_url}/control/faults", self.sandbox)

    def start_wanzi(self, **settings: str) -> float:
        """Start `wanzi serve` and return after how many seconds it was ready."""
        started = time.perf_counter()
        self.wanzi = self._start(["-m", "bot", "serve"], {**self._environment(), **settings})
        _wait_for(f"{self.url}/readyz", self.wanzi)
        return time.perf_counter() - started

    def start_echo(self) -> None:
        arguments = [str(HERE / "echo.py"), str(self.echo_port), str(THREADS), TOKEN, KEY, CORPID]
        self.echo = self._start(arguments, {})
        _wait_for(f"http://127.0.0.1:{self.echo_port}/readyz", self.echo)

    def send(self, connections: int, requests_: int, seconds: float, rate: float = 0.0, to: str = "") -> Result:
        """Callbacks from a process of their own; `to` is another address than Wanzi's."""
        order = Order(
            to or self.callback, TOKEN, KEY, CORPID, AGENTID, STAFF, questions(), connections, requests_, seconds, rate
        )
        done = subprocess.run(
            [sys.executable, str(HERE / "load.py")],
            input=json.dumps(asdict(order)),
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return Result(**json.loads(done.stdout))

    def act(self, path: str, **body: Any) -> dict[str, Any]:
        """The sandbox's control API. Raises RuntimeError with its words when it refuses."""
        answer = self.http.post(f"{self.sandbox_url}/control/{path}", json=body, timeout=60)
        if not answer.ok:
            raise RuntimeError(answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def clear_faults(self) -> None:
        self.http.delete(f"{self.sandbox_url}/control/faults", timeout=60)

    def calls(self, api: str, after: int = 0) -> list[dict[str, Any]]:
        """The calls of an API that the sandbox noted after a sequence number."""
        answer = self.http.get(
            f"{self.sandbox_url}/control/calls", params={"api": api, "after": str(after)}, timeout=60
        )
        found: list[dict[str, Any]] = answer.json()
        return found

    def last_call(self, api: str) -> int:
        """The sequence number of the newest call of an API; 0 when there was none."""
        known = self.calls(api)
        return int(known[-1]["seq"]) if known else 0

    def open_rows(self) -> int:
        """Inbox and outbox rows that still wait, by Wanzi's own metrics."""
        page = self.http.get(f"{self.url}/metrics", timeout=60).text
        return int(sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith("wanzi_depth{")))

    def rest(self, seconds: float = 300.0) -> None:
        """Wait until nothing waits any more. Raises TimeoutError when that does not happen."""
        deadline = time.monotonic() + seconds
        while self.open_rows():
            if time.monotonic() > deadline:
                raise TimeoutError("Wanzi does not come to rest")
            time.sleep(0.5)

    def processes(self) -> list[psutil.Process]:
        """Wanzi's processes, parent first."""
        assert self.wanzi is not None
        parent = psutil.Process(self.wanzi.pid)
        return [parent, *parent.children(recursive=True)]

    def cpu_s(self) -> float:
        """Processor seconds that Wanzi's processes have used so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes())

    def pss_mb(self) -> float:
        """Memory of Wanzi's processes in MB, what they share counted once."""
        kilobytes = 0
        for process in self.processes():
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            kilobytes += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
        return kilobytes / 1024

    def stop(self, process: "subprocess.Popen[bytes] | None") -> None:
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait(15)

    def close(self) -> None:
        for process in (self.wanzi, self.echo, self.sandbox):
            self.stop(process)
        self.http.close()
        self.log.close()

    def _start(self, arguments: list[str], environ: dict[str, str]) -> "subprocess.Popen[bytes]":
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WANZI_")}
        return subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env={**clean, **environ}, stderr=self.log, stdout=self.log
        )

    def _environment(self) -> dict[str, str]:
        return {
            "WANZI_WECOM__CORPID": CORPID,
            "WANZI_WECOM__AGENTID": str(AGENTID),
            "WANZI_WECOM__SECRET": SECRET,
            "WANZI_WECOM__TOKEN": TOKEN,
            "WANZI_WECOM__ENCODING_AES_KEY": KEY,
            "WANZI_WECOM__API_BASE_URL": f"{self.sandbox_url}/cgi-bin/",
            "WANZI_REPLY__BURST_WINDOW_S": "0",
            "WANZI_SERVER__PORT": str(self.port),
            "WANZI_SERVER__THREADS": str(THREADS),
            "WANZI_DATABASE_URL": f"sqlite:///{self.folder}/wanzi.db",
            "WANZI_BRAND_DIR": str(self.brand),
        }

    def _world(self) -> dict[str, Any]:
        return {
            "corpid": CORPID,
            "apps": [
                {
                    "agentid": AGENTID,
                    "name": "丸子",
                    "secret": SECRET,
                    "token": TOKEN,
                    "encoding_aes_key": KEY,
                    "callback_url": self.callback,
                }
            ],
            "staff": [{"userid": userid, "name": userid} for userid in STAFF],
            "kf_accounts": [{"open_kfid": KF, "name": "客服", "servicers": [{"userid": STAFF[0], "status": 0}]}],
            "customers": [{"external_userid": ident, "nickname": ident, "follows": []} for ident in CUSTOMERS],
            "contact_ways": [{"config_id": CODE, "user": [STAFF[0]], "state": "bench", "name": "bench"}],
        }


@contextmanager
def opened(folder: Path, brand: Path, **settings: str) -> Iterator[House]:
    """A house with sandbox and Wanzi running, closed at the end."""
    house = House(folder, brand)
    try:
        house.start_sandbox()
        house.start_wanzi(**settings)
        yield house
    finally:
        house.close()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{url}: the process has stopped")
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.01)
    raise TimeoutError(url)
