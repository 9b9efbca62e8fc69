#!/usr/bin/python3
"""Two faults that compile and link: one type name defined in two files, and an include that a layer may not have.

  tests/sources/check_sources.py [--root DIR]

The layers and what each may use are read from src/CMakeLists.txt."""
import argparse
import collections
import pathlib
import re
import sys

# What makes core/ and model/ pure: nothing of these may be included there.
IMPURE = re.compile(r"^(sys/|linux/|net|arpa/|boost/asio|boost/beast|curl/|openssl/|libpq|unistd\.h|fcntl\.h|poll\.h|signal\.h|"
                    r"spawn\.h|csignal|fstream|filesystem|thread|future|iostream)")
PURE = ("core", "model")

# Comments, raw strings, strings and character constants; a digit separator (1'000) is none of them.
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
ATTRIBUTE = re.compile(r"\[\[.*?\]\]|\balignas\s*\([^)]*\)", re.S)
TYPE = re.compile(r"(?:^|\s)(?:enum\s+(?:class|struct)|enum|struct|class|union)\s+([\w:]+\s*(?:<.*>)?)\s*(?:final\s*)?(?::[^:].*)?$", re.S)
NAMESPACE = re.compile(r"(?:^|\s)namespace\b\s*([\w:]*)\s*$")


def without_template_head(text):
    """`template <class T> struct X` -> `struct X`."""
    while match := re.match(r"\s*template\s*<", text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"<": 1, ">": -1}.get(text[end], 0)
            end += 1
        text = text[end:]
    return text


def defined_types(text):
    """Qualified names of the types that other files could see: not in functions, not in unnamed namespaces."""
    text = NOISE.sub(lambda m: " " if m.group().startswith("/") else '""', text)
    text = ATTRIBUTE.sub(" ", PREPROCESSOR.sub("", text))
    scopes = []  # the name that a brace opens; None: unnamed namespace, function, initializer
    begin = 0
    for match in re.finditer(r"[{};]", text):
        if match.group() == "{":
            head = without_template_head(text[begin:match.start()].strip())
            name = None
            if found := NAMESPACE.search(head):
                name = found.group(1) or None
            elif "(" not in head.split("<")[0] and (found := TYPE.search(head)):
                name = re.sub(r"\s+", "", found.group(1))
                if None not in scopes:
                    yield "::".join([*scopes, name])
            scopes.append(name)
        elif match.group() == "}" and scopes:
            scopes.pop()
        begin = match.end()


def program_of(path):
    """Tests of one folder are linked together; everything else may meet in any program."""
    parts = path.parts
    if parts[0] == "tests" and "support" not in parts and "fuzz" not in parts:
        return "/".join(path.parent.parts)
    return path.stem if "fuzz" in parts else ""


def duplicate_types(root, files):
    seen = collections.defaultdict(set)
    for path in files:
        for name in defined_types((root / path).read_text(errors="replace")):
            seen[name].add(path)
    for name, paths in sorted(seen.items()):
        for first in sorted(paths):
            for second in sorted(paths):
                a, b = program_of(first), program_of(second)
                if first < second and (a == b or not a or not b):
                    yield f"{second}: defines {name}, which {first} defines too; rename one or give it an unnamed namespace"


def closure(name, direct):
    """`name` and everything that it may use."""
    open_, known = [name], set()
    while open_:
        layer = open_.pop()
        if layer not in known:
            known.add(layer)
            open_ += direct.get(layer, [])
    return known


def layers(root):
    """{layer: every layer that it may use}; a program's main file is a layer of its own."""
    direct = {}
    text = re.sub(r"#[^\n]*", "", (root / "src/CMakeLists.txt").read_text())
    for words in re.findall(r"tamada_layer\(([^)]*)\)", text):
        name, *rest = words.split()
        deps = rest[rest.index("DEPS") + 1:] if "DEPS" in rest else []
        direct[name] = deps[:deps.index("LIBS")] if "LIBS" in deps else deps
    by_target = {"tamada_" + name.replace("/", "_"): name for name in direct}
    for words in re.findall(r"tamada_binary\(([^)$]*)\)", text):
        _, main, *targets = words.split()
        direct[main] = [by_target[t] for t in targets if t in by_target]
    return {name: closure(name, direct) for name in direct}


def layer_of(path, known):
    """The layer of a path below src/; None: of none."""
    return max((l for l in known if path == l or path.startswith(l + "/")), key=len, default=None)


def forbidden_includes(root, files):
    allowed = layers(root)
    if not allowed:
        yield "src/CMakeLists.txt: names no layer"
    for path in files:
        if path.parts[0] != "src":
            continue
        below = path.relative_to("src").as_posix()
        layer = layer_of(below, allowed)
        if layer is None:
            yield f"{path}: belongs to no layer of src/CMakeLists.txt"
            continue
        for number, line in enumerate((root / path).read_text(errors="replace").splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not include:
                continue
            kind, what = include.groups()
            if kind == "<":
                if layer in PURE and IMPURE.match(what):
                    yield f"{path}:{number}: <{what}> in {layer}/, which has no I/O, threads or clocks"
                continue
            target = layer_of(what, allowed)
            if target is None:
                yield f'{path}:{number}: "{what}" is in no layer of src/CMakeLists.txt'
            elif target not in allowed[layer]:
                yield f'{path}:{number}: {layer} includes "{what}"; it may use only {", ".join(sorted(allowed[layer]))}'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2], type=pathlib.Path)
    root = parser.parse_args().root
    files = sorted(p.relative_to(root) for top in ("src", "tests", "bench") for ending in ("*.cc", "*.h")
                   for p in (root / top).rglob(ending))
    problems = [*forbidden_includes(root, files), *duplicate_types(root, files)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(files)} files, {len(problems)} problems")
    return 1 if problems or not files else 0


if __name__ == "__main__":
    sys.exit(main())
