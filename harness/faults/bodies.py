"""Ways to spoil a whole request body: its bytes, its encoding, what stands around it, its content type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from urllib.parse import urlencode

from harness.faults.expected import JSON

Sent = tuple[bytes, str | None]
"""Body and content type; None: without the header."""

TYPES = ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "application/octet-stream", "json", "*/*", "")
CHARSETS = ("; charset=utf-16", "; charset=latin-1", "; charset=nonsense", ";;;", "; boundary=x", ", text/html")
GARBAGE = (b"]", b"}", b",", b"null", b"\x00", b"\xff", b"\n--", b"// end")


def flipped(chance: Random, text: str) -> Sent:
    """One bit of the body is another."""
    body = bytearray(text.encode())
    body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return bytes(body), JSON


def cut(chance: Random, text: str) -> Sent:
    return text.encode()[: chance.randrange(1, len(text))], JSON


def many_keys(chance: Random, text: str) -> Sent:
    added = ", ".join(f'"k{chance.getrandbits(48):x}": {i}' for i in range(chance.choice((300, 3000))))
    return f"{text[:-1]}, {added}}}".encode(), JSON


def form(chance: Random, text: str) -> Sent:
    return urlencode(json.loads(text)).encode(), chance.choice((JSON, "application/x-www-form-urlencoded"))


def wrapped(chance: Random, text: str) -> Sent:
    pattern = chance.choice(("[%s]", '{"transaction": %s}', '{"instances": [%s]}', "[[%s]]", "(%s)", "callback(%s)"))
    return pattern.replace("%s", text).encode(), JSON


BODIES: Mapping[str, Callable[[Random, str], Sent]] = {
    "byte_order_mark": lambda chance, text: (b"\xef\xbb\xbf" + text.encode(), JSON),
    "other_encoding": lambda chance, text: (text.encode(chance.choice(("utf-16", "utf-16-le", "utf-32", "utf-32-be"))), JSON),
    "latin_1": lambda chance, text: (': "é'.join(text.rsplit(': "', 1)).encode("latin-1", "replace"), JSON),
    "trailing_comma": lambda chance, text: (f"{text[:-1]},}}".encode(), JSON),
    "comment": lambda chance, text: (chance.choice(("/* x */%s", "%s // x", "# x\n%s")).replace("%s", text).encode(), JSON),
    "single_quotes": lambda chance, text: (text.replace('"', "'").encode(), JSON),
    "two_documents": lambda chance, text: (f"{text}{chance.choice(('', ' ', chr(10)))}{text}".encode(), JSON),
    "garbage_after": lambda chance, text: (text.encode() + chance.choice(GARBAGE), JSON),
    "white_space": lambda chance, text: ((" \n\t\r" * chance.randint(1, 200) + text + "\n" * chance.randint(1, 200)).encode(), JSON),
    "much_white_space": lambda chance, text: ((text + " " * chance.choice((8, 64, 200)) * 1024).encode(), JSON),
    "no_content_type": lambda chance, text: (text.encode(), None),
    "odd_content_type": lambda chance, text: (text.encode(), chance.choice(TYPES)),
    "odd_charset": lambda chance, text: (text.encode(), JSON + chance.choice(CHARSETS)),
    "charset": lambda chance, text: (text.encode(), f"{JSON}; charset=utf-8"),
    "cut": cut,
    "noise": lambda chance, text: (chance.randbytes(chance.choice((1, 40, 3000))), JSON),
    "flipped_bit": flipped,
    "another_flipped_bit": flipped,
    "wrapped": wrapped,
    "written_twice": lambda chance, text: (json.dumps(text).encode(), JSON),
    "form": form,
    "xml": lambda chance, text: (b"<transaction><amount>12</amount></transaction>", chance.choice((JSON, "application/xml"))),
    "many_keys": many_keys,
}
