"""What a callback is made of: the XML of events (90238, 94670, 92130) and the sealed envelope around it (90930)."""

import json
import re
import secrets
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from urllib.parse import urlencode

from bot.sandbox.crypto import Sealer, sign, signed

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

XmlValue = str | int | list[str]


def xml(fields: dict[str, XmlValue]) -> str:
    """An event's XML: strings in CDATA, numbers bare, a list as <Item> elements. Empty strings stay as elements."""
    return "<xml>" + "".join(f"<{name}>{_inner(value)}</{name}>" for name, value in fields.items()) + "</xml>"


def _inner(value: XmlValue) -> str:
    if isinstance(value, list):
        return "".join(f"<Item>{_cdata(item)}</Item>" for item in value)
    return str(value) if isinstance(value, int) else _cdata(value)


def _cdata(text: str) -> str:
    return "<![CDATA[" + _NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>") + "]]>"


@dataclass(frozen=True)
class Address:
    """Where a callback goes and what seals it. `receiveid` is the corpid, or "" for an AI bot (101033)."""

    url: str
    token: str
    encoding_aes_key: str
    receiveid: str
    is_json: bool = False
    agentid: int | None = None

    def seal(self, plain: bytes) -> str:
        return Sealer(self.encoding_aes_key).seal(plain, self.receiveid)

    def body(self, encrypt: str, corpid: str) -> bytes:
        """The envelope as sent; AgentID is empty for events that belong to no one app."""
        if self.is_json:
            return b'{"encrypt":"' + encrypt.encode() + b'"}'
        agentid = "" if self.agentid is None else str(self.agentid)
        return xml({"ToUserName": corpid, "Encrypt": encrypt, "AgentID": agentid}).encode()

    def query(self, encrypt: str, now: float) -> str:
        """Signed query string with a fresh nonce; `now` in unix seconds."""
        timestamp, nonce = str(int(now)), str(secrets.randbelow(10**10))
        signature = sign(self.token, timestamp, nonce, encrypt)
        return urlencode({"msg_signature": signature, "timestamp": timestamp, "nonce": nonce})

    def open_reply(self, body: bytes) -> str | None:
        """The plain passive reply in an answer: XML text, or a JSON string for an AI bot; None for silence.

        Raises ValueError when it is neither silence nor a well-made reply.
        """
        if body.strip() in (b"", b"success"):
            return None
        if self.is_json:
            return self._open_json(body)
        try:
            parts = {child.tag: child.text or "" for child in ET.fromstring(body)}  # noqa: S314 our own bot's answer
        except ET.ParseError as error:
            raise ValueError("the reply is no XML") from error
        return self._open(parts, "Encrypt", "MsgSignature", "TimeStamp", "Nonce")

    def _open_json(self, body: bytes) -> str:
        parts = {name: str(value) for name, value in json.loads(body).items()}
        return self._open(parts, "encrypt", "msgsignature", "timestamp", "nonce")

    def _open(self, parts: dict[str, str], *names: str) -> str:
        if missing := [name for name in names if name not in parts]:
            raise ValueError(f"the reply lacks {missing[0]}")
        encrypt, signature, timestamp, nonce = (parts[name] for name in names)
        if not signed(signature, self.token, timestamp, nonce, encrypt):
            raise ValueError("the reply's signature is wrong")
        plain, receiveid = Sealer(self.encoding_aes_key).open(encrypt)
        if receiveid != self.receiveid:
            raise ValueError("the reply's receiveid is wrong")
        return plain.decode()
