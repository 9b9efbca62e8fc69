"""Makes YAML documents from a seed and prints what PyYAML thinks of them, one JSON object a line.

text: the document; ok: PyYAML reads it; value: what it reads, as JSON; dump, flow: what PyYAML writes for that value.
Exit code 77: PyYAML is not installed.
"""
import datetime
import json
import random
import sys

try:
    import yaml
except ImportError:
    sys.exit(77)

PLAIN = """yes no on off true False TRUE y n Yes ~ null Null NULL nUll 0777 0o777 08 0x1F 0b101 0b102 12:30 1:2:3 12:61 -12:30
1_000 -5 +7 1.0 1.5 .5 -.5 1e3 1.0e3 1.0e+3 1.e-2 .inf -.INF .nan .NaN 1:30.5 0.0001 1e22 123456789012345678901234567890
18446744073709551615 9223372036854775808 2020-01-01 2020-1-1 2001-12-14t21:59:43.10-05:00 2020-01-01T10:00:00Z a b abc
batman postgres://x host:5432 'it''s' "q\\t\\u00e9\\x41" "on" '12' "a b" =x <x -x ?x :x x:y x#y %x! 0 00 -0 0_ 1__0 685_230.15
1.2.3 127.0.0.1:5432 localhost:8008 8MB 1GB 30min "/tmp/x y" é€ 0x 1. +1.5e+10 _1 a_b ! "" '' 1e+3 0.1e5
999999999999999999999 -9223372036854775808 -9223372036854775809 0xffffffffffffffffff 2020-01-01x 20:01:01""".split()
SPACED = ["2020-01-01 10:00:00", "2020-01-01 1:00:00.5 -3", "2020-01-01 10:00:00 +02:00", "a b c", "'single  quoted'", "a 'b' c",
          '"double \\"quoted\\" \\n x"', "cp %p /x/%f", "!!str 12", "!!int '7'", "!!float 1", "!!null x", "!!bool on",
          "!!binary aGVsbG8=", "! 12", "x: y" , "# c", "!foo x", "!!int x", "2020-01-01 25:00:00"]
KEYS = ["a", "b", "name", "ttl", "loop_wait", "'q k'", "max_connections", "my.ext", "on", "12", "1.5", "~", "2020-01-01", '"é"', "k-1",
        "work_mem", "host", "x y"]


def scalar(rng):
    return rng.choice(SPACED) if rng.random() < 0.15 else rng.choice(PLAIN)


def flow(rng, depth):
    kind = rng.random()
    if depth <= 0 or kind < 0.6:
        return scalar(rng)
    if kind < 0.8:
        return "[" + ", ".join(flow(rng, depth - 1) for _ in range(rng.randrange(4))) + "]"
    return "{" + ", ".join(rng.choice(KEYS) + ": " + flow(rng, depth - 1) for _ in range(rng.randrange(4))) + "}"


def block(rng, depth, indent, anchors):
    pad = " " * indent
    kind = rng.random()
    if depth <= 0 or kind < 0.35:
        return " " + flow(rng, 2) + "\n"
    if kind < 0.42 and anchors:
        return " *" + rng.choice(anchors) + "\n"
    if kind < 0.47:
        style = rng.choice(["|", ">", "|-", ">-", "|+"])
        lines = [rng.choice(["text", "more words here", "", "- x", "# no comment"]) for _ in range(rng.randrange(1, 4))]
        return " " + style + "\n" + pad + "  first\n" + "".join((pad + "  " + line).rstrip() + "\n" for line in lines)
    out = "\n"
    if kind < 0.7:
        for _ in range(rng.randrange(1, 4)):
            out += pad + "-" + block(rng, depth - 1, indent + 2, anchors)
        return out
    if rng.random() < 0.3:
        name = "n%d" % rng.randrange(10**9)
        out = " &" + name + "\n"
        later = name
    else:
        later = None
    for _ in range(rng.randrange(1, 5)):
        if anchors and rng.random() < 0.12:
            out += pad + "<<: *" + rng.choice(anchors) + "\n"
        else:
            out += pad + rng.choice(KEYS) + ":" + block(rng, depth - 1, indent + 2, anchors)
    if later:
        anchors.append(later)
    return out


def document(rng):
    text = block(rng, 4, 0, []).lstrip("\n ")
    if rng.random() < 0.3:
        for _ in range(rng.randrange(1, 4)):
            i = rng.randrange(len(text) + 1)
            text = text[:i] + rng.choice([":", "-", " ", "\n", "'", '"', "[", "]", "{", "}", ",", "#", "&", "*", "!", "|", ">", "x", "\\"]) + \
                text[i + rng.randrange(2):]
    return text


class Skip(Exception):
    """A value JSON objects cannot tell apart from another one."""


def key_text(key):
    if isinstance(key, str):
        return key
    key = plain(key)
    return key if isinstance(key, str) else json.dumps(key)


def plain(value):
    if isinstance(value, bool) or value is None or isinstance(value, (str, float)):
        return value
    if isinstance(value, int):
        return value if -2**63 <= value < 2**64 else str(value)
    if isinstance(value, (datetime.date, datetime.datetime)):
        return str(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    out = {}
    for key, v in value.items():
        if key_text(key) in out:
            raise Skip()
        out[key_text(key)] = plain(v)
    return out


def unicode_text(rng):
    alphabet = "ab  \n\t'\"\\:#-?,[]{}&*!|>%@`~é€\u2028\x85\xa0😀\x01\ufeff0123"
    return "".join(rng.choice(alphabet) for _ in range(rng.randrange(12)))


def long_text(rng):
    words = ["a", "word", "'quoted'", "x" * 40, "é", "--opt=value", "\"", "\n", "  ", "\x07"]
    return rng.choice([" ", "", "  "]).join(rng.choice(words) for _ in range(rng.randrange(80)))


def value_to_dump(rng, depth):
    kind = rng.random()
    if depth <= 0 or kind < 0.5:
        return rng.choice([None, True, False, 0, -1, 2**63, 1.0, 1e22, 1e-7, 0.1, "", "on", "12", "12:30", "abc", "a b", "null", "1.5",
                           "2020-01-01", "=", "<<", "-", "a: b", "---", unicode_text(rng), long_text(rng)])
    if kind < 0.7:
        return [value_to_dump(rng, depth - 1) for _ in range(rng.randrange(4))]
    keys = ["a", "b", "on", "12", "", "x" * 130, "a b", "é", unicode_text(rng), "z" * 120]
    return {rng.choice(keys): value_to_dump(rng, depth - 1) for _ in range(rng.randrange(5))}


class NoAlias(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def dump(value, flow_style=False):
    return yaml.dump(value, Dumper=NoAlias, default_flow_style=flow_style, allow_unicode=True, width=200)


def main(seed, count):
    rng = random.Random(seed)
    for _ in range(count):
        row = {"text": document(rng), "ok": True}
        try:
            row["value"] = json.dumps(plain(yaml.safe_load(row["text"])), allow_nan=False)
        except Skip:
            continue
        except Exception as error:
            if "Out of range float" in str(error):
                continue
            row["ok"] = False
            row["error"] = str(error)
        print(json.dumps(row))
        sample = value_to_dump(rng, 4)
        print(json.dumps({"sample": json.dumps(sample), "dump": dump(sample), "flow": dump(sample, True)}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
