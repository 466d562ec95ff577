"""Values that log lines hold, drawn from a seeded generator: what ``{kind}`` stands for.

A kind is a function of a generator and an argument, the text after the colon:
``{n:1-9}``, ``{hex:8}``, ``{list:ip}``. All names are words of a dictionary put
together; addresses are of ranges kept for documentation or private use.
"""

# ruff: noqa: SIM905 - many words read best as one text

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

Rng = np.random.Generator
Kind = Callable[[Rng, str], str]

WORDS = (
    "amber anchor apple arrow autumn badge basket beacon billing birch blossom bridge bronze "
    "canvas cargo carrier castle catalog cedar checkout cinder clover cobalt copper coral "
    "corner cotton crystal delta desert ember engine falcon feather fern filter forest fossil "
    "garden garnet ginger glacier granite harbor hazel helper hollow invoice island ivory "
    "jasmine kernel kettle ladder lagoon lantern lemon linden lotus magnet maple marble meadow "
    "metric mirror nectar nickel olive onyx orchid orders otter packet paper payment pebble "
    "pepper pigeon pillar planet plaza pocket prairie profile quartz queue rabbit raven report "
    "ribbon river rocket saddle saffron search season session shadow silver sparrow spruce "
    "stock summit sunset tango temple thunder ticket timber topaz tulip tunnel umber valley "
    "velvet violet walnut wander willow window winter yarrow zephyr zinc"
).split()
VERBS = "open close read write check send load store parse merge fetch apply drop".split()
SURNAMES = "root admin deploy backup postgres ann bela carla dmitri erin farid greta hiro".split()
SUFFIXES = "log txt conf xml json db tmp dat so jar gz png".split()
ROOTS = "/var/log /usr/lib /etc /opt/app /home /data /srv/store /tmp".split()
CJK = "服务启动失败成功连接超时用户订单支付数据错误重试完成网络设备请求"
CYRILLIC = "служба запуск ошибка связь очередь заказ сервер ответ ключ файл узел время".split()
ARABIC = "خدمة اتصال خطأ طلب خادم ملف وقت مفتاح".split()
_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def pick(rng: Rng, values: Sequence[str]) -> str:
    """Return one of *values*, each as likely."""
    return values[int(rng.integers(len(values)))]


def often(rng: Rng, share: float) -> bool:
    """Return True in *share* of the cases."""
    return bool(rng.random() < share)


def number(rng: Rng, argument: str = "") -> str:
    """Return a whole number: of a range, or of any size up to a million."""
    if argument:
        low, high = map(int, argument.split("-"))
        return str(int(rng.integers(low, high + 1)))
    return str(int(10 ** rng.uniform(0, 6)) - 1)


def hexadecimal(rng: Rng, argument: str = "") -> str:
    """Return as many hexadecimal digits as *argument* says; 8 by default."""
    return rng.bytes(32).hex()[: int(argument or 8)]


def moment(rng: Rng) -> datetime:
    """Return a moment in the first days of the corpus."""
    return _START + timedelta(microseconds=int(rng.integers(0, 3 * 10**11)))


def name_of(rng: Rng, argument: str = "") -> str:
    """Return a user's name, of letters or with digits."""
    stem = pick(rng, SURNAMES if often(rng, 0.5) else WORDS)
    return stem if often(rng, 0.6) else f"{stem}{argument or '_'}{number(rng, '1-999')}"


def word_of(rng: Rng, _: str) -> str:
    """Return the name of a thing: a word, two words joined, or a word with digits."""
    if often(rng, 0.6):
        return pick(rng, WORDS)
    if often(rng, 0.6):
        return pick(rng, WORDS) + pick(rng, "-_") + pick(rng, WORDS)
    return f"{pick(rng, WORDS)}{pick(rng, ('', '-'))}{number(rng, '1-999')}"


def host_of(rng: Rng, _: str) -> str:
    """Return the name of a machine, short or long."""
    short = f"{pick(rng, WORDS)}-{number(rng, '1-40')}"
    return short if often(rng, 0.6) else f"{short}.{pick(rng, WORDS)}.example.net"


def path_of(rng: Rng, _: str) -> str:
    """Return a path of two to five parts."""
    parts = [pick(rng, WORDS) for _ in range(int(rng.integers(1, 4)))]
    name = f"{pick(rng, WORDS)}{number(rng) if often(rng, 0.4) else ''}"
    return "/".join((pick(rng, ROOTS), *parts, f"{name}.{pick(rng, SUFFIXES)}"))


def windows_path_of(rng: Rng, _: str) -> str:
    """Return a path of Windows, with or without a space in it."""
    root = pick(rng, ("C:\\Windows\\System32", "C:\\Program Files\\Aurora", "D:\\data"))
    return f"{root}\\{pick(rng, WORDS)}\\{pick(rng, WORDS)}.{pick(rng, SUFFIXES)}"


def url_of(rng: Rng, _: str) -> str:
    """Return a URL, half of them with a query."""
    query = f"?page={number(rng, '1-90')}&sort={pick(rng, WORDS)}" if often(rng, 0.5) else ""
    host = f"{pick(rng, WORDS)}.example.com"
    return f"https://{host}/{pick(rng, WORDS)}/{number(rng)}{query}"


def duration_of(rng: Rng, _: str) -> str:
    """Return a duration with its unit, as programs print it."""
    ms = 10 ** rng.uniform(-1, 6)
    if ms < 1:
        return f"{ms * 1000:.0f}µs"
    if ms < 1000:  # noqa: PLR2004 - a second
        return f"{ms:.{int(rng.integers(0, 4))}f}ms"
    return f"{ms / 1000:.2f}s" if ms < 60_000 else f"{int(ms // 60_000)}m{int(ms / 1000) % 60}s"  # noqa: PLR2004 - a minute


def size_of(rng: Rng, argument: str) -> str:
    """Return a size with its unit; *argument* stands between them."""
    unit = pick(rng, ("B", "KB", "MB", "GB"))
    figure = number(rng, "1-1023") if often(rng, 0.5) else f"{rng.uniform(0, 900):.1f}"
    return f"{figure}{argument}{unit}"


def phrase_of(rng: Rng, argument: str) -> str:
    """Return two to five words; *argument* joins them."""
    words = [pick(rng, WORDS) for _ in range(int(rng.integers(2, 6)))]
    return (argument or " ").join(words)


def list_of(rng: Rng, argument: str) -> str:
    """Return one to six values of the kind *argument*, with commas."""
    kind, _, rest = argument.partition(":")
    return ", ".join(KINDS[kind](rng, rest) for _ in range(int(rng.integers(1, 7))))


def tight_list_of(rng: Rng, argument: str) -> str:
    """Return the same without blanks."""
    return list_of(rng, argument).replace(", ", ",")


def json_of(rng: Rng, _: str) -> str:
    """Return an object of one to four keys, one of which may hold another."""
    found: dict[str, object] = {
        pick(rng, WORDS): pick(rng, WORDS) if often(rng, 0.5) else int(rng.integers(9999))
        for _ in range(int(rng.integers(1, 4)))
    }
    if often(rng, 0.4):
        found["meta"] = {"id": hexadecimal(rng, "12"), "ok": often(rng, 0.5)}
    return json.dumps(found, separators=(",", ":") if often(rng, 0.5) else None)


def class_of(rng: Rng, argument: str) -> str:
    """Return the name of a class, with its package if *argument* is ``full``."""
    short = pick(rng, WORDS).title() + pick(rng, ("Service", "Handler", "Task", "Repository"))
    return f"com.example.{pick(rng, WORDS)}.{short}" if argument == "full" else short


def network_of(rng: Rng, _: str = "") -> str:
    """Return an address of the ranges that documentation and private nets use."""
    net = pick(rng, ("10.{}.{}", "192.168.{}", "172.16.{}", "203.0.113", "198.51.100"))
    return net.format(number(rng, "0-255"), number(rng, "0-255")) + "." + number(rng, "1-254")


def network6_of(rng: Rng, _: str) -> str:
    """Return an address of version 6."""
    parts = ":".join(hexadecimal(rng, "4").lstrip("0") or "0" for _ in range(3))
    return f"2001:db8::{parts}" if often(rng, 0.6) else f"fe80::{parts}"


def mac_of(rng: Rng, argument: str) -> str:
    """Return the address of a network card."""
    return (argument or ":").join(rng.bytes(6).hex()[n : n + 2] for n in range(0, 12, 2))


def uuid_of(rng: Rng, _: str = "") -> str:
    """Return a UUID."""
    text = rng.bytes(16).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def script_of(rng: Rng, argument: str) -> str:
    """Return a text in the script that *argument* names: cjk, cyrillic, arabic."""
    if argument == "cjk":
        return "".join(pick(rng, CJK) for _ in range(int(rng.integers(2, 6))))
    return pick(rng, CYRILLIC if argument == "cyrillic" else ARABIC)


def device_of(rng: Rng, argument: str) -> str:
    """Return the name of a device: a disk, or a network card if *argument* is ``net``."""
    if argument == "net":
        return pick(rng, ("eth", "ens", "wlan", "bond")) + number(rng, "0-7")
    return "sd" + pick(rng, "abcdefgh") + (number(rng, "1-5") if often(rng, 0.5) else "")


KINDS: dict[str, Kind] = {
    "n": number,
    "big": lambda rng, _: str(int(rng.integers(10**12, 10**18))),
    "f": lambda rng, digits: f"{rng.uniform(0, 400):.{digits or 2}f}",
    "neg": lambda rng, _: str(int(rng.integers(-200, 200))),
    "pct": lambda rng, _: f"{rng.uniform(0, 100):.{int(rng.integers(0, 2))}f}%",
    "hex": hexadecimal,
    "HEX": lambda rng, digits: hexadecimal(rng, digits).upper(),
    "ptr": lambda rng, digits: f"0x{hexadecimal(rng, digits or '8')}",
    "b64": lambda rng, size: base64.b64encode(rng.bytes(int(size or 24))).decode(),
    "uuid": uuid_of,
    "ip": network_of,
    "ip6": network6_of,
    "port": lambda rng, _: number(rng, "1024-65535"),
    "addr": lambda rng, _: f"{network_of(rng)}:{number(rng, '1024-65535')}",
    "mac": mac_of,
    "w": word_of,
    "W": lambda rng, _: pick(rng, WORDS).title(),
    "UP": lambda rng, _: pick(rng, WORDS).upper(),
    "id": lambda rng, joint: f"{pick(rng, WORDS)}{joint or '-'}{number(rng)}",
    "phrase": phrase_of,
    "user": name_of,
    "host": host_of,
    "email": lambda rng, _: f"{name_of(rng, '.')}@{pick(rng, WORDS)}.example.org",
    "path": path_of,
    "winpath": windows_path_of,
    "file": lambda rng, _: path_of(rng, "").rpartition("/")[2],
    "url": url_of,
    "cls": class_of,
    "method": lambda rng, _: pick(rng, VERBS) + pick(rng, WORDS).title(),
    "pkg": lambda rng, _: f"com.{pick(rng, WORDS)}.{pick(rng, WORDS)}",
    "dur": duration_of,
    "size": size_of,
    "ver": lambda rng, _: ".".join(number(rng, "0-20") for _ in range(3)),
    "date": lambda rng, _: moment(rng).strftime("%Y-%m-%d"),
    "clock": lambda rng, _: moment(rng).strftime("%H:%M:%S"),
    "ts": lambda rng, _: moment(rng).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "datetime": lambda rng, _: moment(rng).strftime("%Y-%m-%d %H:%M:%S"),
    "epoch": lambda rng, _: str(int(moment(rng).timestamp())),
    "list": list_of,
    "csv": tight_list_of,
    "json": json_of,
    "text": script_of,
    "dev": device_of,
}
# Kinds whose values come from few: a slot of them has its own pool of one size or another.
POOLED = frozenset("w W UP id phrase user host path file cls method pkg dev winpath".split())
