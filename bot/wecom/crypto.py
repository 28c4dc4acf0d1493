"""WeCom's message crypto (90968, 101033): the signature and the AES frame around callbacks and their answers.

Written on `cryptography` and not taken from wechatpy, which compares signatures with `!=` and trusts the padding.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.errors import CallbackError, SettingsError

BLOCK = 32  # bytes; the frame is padded to a multiple of this, not of AES's own 16 (90968)
RANDOM_BYTES = 16  # before the length (90968)
LENGTH_BYTES = 4  # big endian (90968)

_KEY = re.compile(r"[A-Za-z0-9]{43}")
_TOKEN = re.compile(r"[!-~]{1,128}")


class Crypto:
    """Token and key of one callback address. `receive_id` is the corpid, and "" for an AI bot of the own corp (101033).

    Safe to share between threads. Raises SettingsError when token or key cannot be what WeCom issued.
    """

    def __init__(self, token: str, encoding_aes_key: str, receive_id: str) -> None:
        if not _TOKEN.fullmatch(token):
            raise SettingsError("token: must be ASCII without spaces, as shown where the callback is configured")
        if not _KEY.fullmatch(encoding_aes_key):
            raise SettingsError("encoding_aes_key: must be 43 characters of A-Z, a-z, 0-9")
        key = binascii.a2b_base64(encoding_aes_key + "=")
        self._token = token
        self._cipher = Cipher(AES(key), CBC(key[:16]))
        self._receive_id = receive_id.encode()

    def sign(self, timestamp: str, nonce: str, encrypt: str) -> str:
        """Lower-case hexadecimal SHA-1 over the four sorted texts (90968)."""
        joined = "".join(sorted((self._token, timestamp, nonce, encrypt)))
        return hashlib.sha1(joined.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()

    def check(self, msg_signature: str, timestamp: str, nonce: str, encrypt: str) -> None:
        """Compare in constant time. Raises CallbackError when the signature is not ours."""
        expected = self.sign(timestamp, nonce, encrypt).encode()
        if not hmac.compare_digest(expected, msg_signature.encode("utf-8", "surrogatepass")):
            raise CallbackError("wrong signature")

    def decrypt(self, encrypt: str) -> bytes:
        """The message inside the frame. Raises CallbackError when any part of the frame is not as WeCom builds it."""
        try:
            sealed = binascii.a2b_base64(encrypt, strict_mode=True)
        except ValueError:
            raise CallbackError("not Base64") from None
        if not sealed or len(sealed) % BLOCK:
            raise CallbackError("wrong length")
        opener = self._cipher.decryptor()
        frame = opener.update(sealed) + opener.finalize()
        pad = frame[-1]
        if not 1 <= pad <= BLOCK or frame[-pad:] != bytes((pad,)) * pad:
            raise CallbackError("wrong padding")
        start = RANDOM_BYTES + LENGTH_BYTES
        end = start + int.from_bytes(frame[RANDOM_BYTES:start])
        if end > len(frame) - pad:
            raise CallbackError("wrong length")
        if not hmac.compare_digest(frame[end:-pad], self._receive_id):
            raise CallbackError("meant for another receiver")
        return frame[start:end]

    def encrypt(self, plaintext: bytes, timestamp: str, nonce: str) -> tuple[str, str]:
        """(encrypt, signature) for an answer to a callback; `nonce` is the callback's own."""
        frame = os.urandom(RANDOM_BYTES) + len(plaintext).to_bytes(LENGTH_BYTES) + plaintext + self._receive_id
        pad = BLOCK - len(frame) % BLOCK
        sealer = self._cipher.encryptor()
        sealed = sealer.update(frame + bytes((pad,)) * pad) + sealer.finalize()
        encrypt = base64.b64encode(sealed).decode()
        return encrypt, self.sign(timestamp, nonce, encrypt)
