"""The callback cipher and signature of WeCom (90968, 101033), the sandbox's own implementation."""

import base64
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # padding goes to a multiple of 32, not of 16 (90968)
RANDOM_PREFIX = 16


class Sealer:
    """Seals and opens frames with one EncodingAESKey (43 characters). Raises ValueError for a bad key."""

    def __init__(self, encoding_aes_key: str) -> None:
        if len(encoding_aes_key) != 43:
            raise ValueError("encoding_aes_key must have 43 characters")
        key = base64.b64decode(encoding_aes_key + "=")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def seal(self, message: bytes, receiveid: str) -> str:
        """Base64 of AES-256-CBC over: 16 random bytes, length, message, receiveid, padding 1..32."""
        frame = os.urandom(RANDOM_PREFIX) + struct.pack(">I", len(message)) + message + receiveid.encode()
        pad = BLOCK - len(frame) % BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(frame + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def open(self, encrypt: str) -> tuple[bytes, str]:
        """The message and the receiveid of a sealed frame. Raises ValueError when it does not fit together."""
        decryptor = self._cipher.decryptor()
        frame = decryptor.update(base64.b64decode(encrypt, validate=True)) + decryptor.finalize()
        pad = frame[-1] if frame else 0
        if not 1 <= pad <= BLOCK or frame[-pad:] != bytes([pad]) * pad:
            raise ValueError("bad padding")
        content = frame[RANDOM_PREFIX:-pad]
        (length,) = struct.unpack(">I", content[:4])
        if length > len(content) - 4:
            raise ValueError("bad length")
        return content[4 : 4 + length], content[4 + length :].decode()


def sign(token: str, timestamp: str, nonce: str, encrypt: str) -> str:
    """msg_signature: SHA1 over the four strings sorted byte-wise and joined (90968)."""
    joined = "".join(sorted([token, timestamp, nonce, encrypt]))
    return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 the platform's own choice


def signed(signature: str, token: str, timestamp: str, nonce: str, encrypt: str) -> bool:
    """Whether `signature` is the right one, compared in constant time."""
    return hmac.compare_digest(signature, sign(token, timestamp, nonce, encrypt))
