#!/usr/bin/python3
"""check_sources.py finds what it is for, and lets stand what is allowed."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import check_sources  # noqa: E402

LAYERS = """
tamada_layer(base LIBS fmt)
tamada_layer(model DEPS base)
tamada_layer(core DEPS model)
tamada_layer(store/etcd3 DEPS model LIBS curl)
tamada_layer(app DEPS core)
function(tamada_binary name main)
endfunction()
tamada_binary(tool app/main/tool.cc tamada_store_etcd3)
"""


class Tree(unittest.TestCase):
    def problems(self, files):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for name, text in {"src/CMakeLists.txt": LAYERS, **files}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            paths = sorted(pathlib.Path(name) for name in files)
            return [*check_sources.forbidden_includes(root, paths), *check_sources.duplicate_types(root, paths)]

    def test_an_upward_include_is_found_with_its_line(self):
        found = self.problems({"src/model/a.h": '#pragma once\n#include "core/b.h"\n'})
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0].startswith('src/model/a.h:2: model includes "core/b.h"'), found)

    def test_what_a_dependency_uses_may_be_used(self):
        self.assertEqual(self.problems({"src/core/a.cc": '#include "base/b.h"\n#include "core/c.h"\n'}), [])

    def test_a_neighbour_is_forbidden(self):
        self.assertEqual(len(self.problems({"src/core/a.cc": '#include "store/etcd3/b.h"\n'})), 1)

    def test_a_main_file_may_use_what_its_program_links(self):
        self.assertEqual(self.problems({"src/app/main/tool.cc": '#include "store/etcd3/b.h"\n'}), [])
        self.assertEqual(len(self.problems({"src/app/other.cc": '#include "store/etcd3/b.h"\n'})), 1)

    def test_a_folder_that_is_no_layer_is_found(self):
        self.assertEqual(len(self.problems({"src/odd/a.h": ""})), 1)
        self.assertEqual(len(self.problems({"src/core/a.h": '#include "odd/a.h"\n'})), 1)

    def test_the_brain_has_no_io(self):
        self.assertEqual(len(self.problems({"src/core/a.cc": "#include <sys/socket.h>\n"})), 1)
        self.assertEqual(self.problems({"src/core/a.cc": "#include <vector>\n"}), [])

    def test_one_type_in_two_files_is_found(self):
        for one, other in (("struct HostPort {\n};", "class HostPort final : Base<A{}> {\n};"),
                           ("enum class HostPort : int {};", "template <class T>\nstruct HostPort { T x; };")):
            found = self.problems({"src/base/a.h": f"namespace t {{\n{one}\n}}\n", "src/core/b.cc": f"namespace t {{ {other} }}\n"})
            self.assertEqual(len(found), 1, (one, other))
            self.assertIn("defines t::HostPort, which src/base/a.h defines too", found[0])

    def test_nested_types_carry_their_scopes(self):
        self.assertEqual(len(self.problems({"src/base/a.h": "namespace t::u { class A { struct B {}; }; }",
                                            "src/base/b.cc": "namespace t { namespace u { struct A::B {}; } }"})), 1)
        self.assertEqual(self.problems({"src/base/a.h": "namespace t { struct A { struct B {}; }; }",
                                        "src/base/b.h": "namespace t { struct C { struct B {}; }; }"}), [])

    def test_what_nobody_else_can_see_may_repeat(self):
        hidden = ("namespace { struct A {}; }", "namespace t { namespace { struct A {}; } }", "void f() { struct A {}; }",
                  "struct A;", "// struct A {}", 'auto s = "struct A {";', "struct A f() { return {}; }")
        for text in hidden:
            self.assertEqual(self.problems({"src/base/a.h": "struct A {}; namespace t { struct A {}; }", "src/base/b.cc": text}), [], text)

    def test_specializations_of_other_types_differ(self):
        self.assertEqual(self.problems({"src/base/a.h": "template <> struct fmt::formatter<A> : B<C> {};",
                                        "src/base/b.h": "template <> struct fmt::formatter<D> : B<C> {};"}), [])

    def test_tests_of_two_programs_may_repeat(self):
        both = {"tests/unit/x/a_test.cc": "struct Fixture {};"}
        self.assertEqual(self.problems({**both, "tests/unit/y/b_test.cc": "struct Fixture {};"}), [])
        self.assertEqual(len(self.problems({**both, "tests/unit/x/b_test.cc": "struct Fixture {};"})), 1)
        self.assertEqual(len(self.problems({**both, "tests/support/b.h": "struct Fixture {};"})), 1)


unittest.main()
