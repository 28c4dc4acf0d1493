"""How an API call is refused: an errcode and words, shaped like WeCom's errmsg with its ever-changing hint (90313)."""

import hashlib
import secrets
import time


class Refusal(Exception):
    """The call is refused with `errcode`; nothing has happened. `words` is the short English reason."""

    def __init__(self, errcode: int, words: str) -> None:
        super().__init__(f"{errcode} {words}")
        self.errcode = errcode
        self.words = words

    def answer(self, ip: str) -> dict[str, object]:
        return {"errcode": self.errcode, "errmsg": errmsg(self.errcode, self.words, ip)}


def errmsg(errcode: int, words: str, ip: str) -> str:
    """WeCom's errmsg: the reason, a hint that differs every time, the caller's address and a link."""
    stamp = int(time.time())
    hint = f"{stamp}_{secrets.randbelow(400)}_{hashlib.md5(secrets.token_bytes(8)).hexdigest()}"  # noqa: S324
    link = f"https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    return f"{words}, hint: [{hint}], from ip: {ip}, more info at {link}"
