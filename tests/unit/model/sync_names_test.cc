#include "model/sync_names.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

using Method = SyncNames::Method;
using Names = std::vector<std::string>;

SyncNames read(const std::string& text) {
  const auto names = parse_sync_names(text);
  EXPECT_TRUE(names) << text;
  return names.value_or(SyncNames{});
}

TEST(SyncNames, AreReadInEveryForm) {
  EXPECT_TRUE(read("").off());
  EXPECT_TRUE(read("  ").off());
  EXPECT_EQ(read("n1"), (SyncNames{Method::Priority, 1, {"n1"}}));
  EXPECT_EQ(read("n1, n2"), (SyncNames{Method::Priority, 1, {"n1", "n2"}}));
  EXPECT_EQ(read("2 (n1,n2,n3)"), (SyncNames{Method::Priority, 2, {"n1", "n2", "n3"}}));
  EXPECT_EQ(read("FIRST 2 (n1,n2)"), (SyncNames{Method::Priority, 2, {"n1", "n2"}}));
  EXPECT_EQ(read("any 1 ( n1 , \"N 2\" )"), (SyncNames{Method::Quorum, 1, {"n1", "N 2"}}));
  EXPECT_TRUE(read("*").everybody());
  EXPECT_TRUE(read("2 (*)").everybody());
  EXPECT_FALSE(read("\"*x\"").everybody());
  EXPECT_EQ(read("\"a\"\"b\"").names, (Names{"a\"b"}));
  // Words are names where no number follows, and numbers are names in a list.
  EXPECT_EQ(read("any").names, (Names{"any"}));
  EXPECT_EQ(read("first, 5").names, (Names{"first", "5"}));
}

TEST(SyncNames, NamesAreComparedIgnoringCase) {
  EXPECT_TRUE(read("\"N1\"").lists("n1"));
  EXPECT_FALSE(read("*").lists("n1"));
}

TEST(SyncNames, WhatPostgresqlRefusesIsNotRead) {
  for (const char* text : {"a b", "2 (a", "2 a)", "0 (a)", "ANY (a)", "ANY 1 a", "a,,b", ",", "\"open", "a;b", "-1 (a)",
                           "ANY 99999999999 (a)", "()", "\"\""}) {
    EXPECT_FALSE(parse_sync_names(text)) << text;
  }
}

TEST(SyncNames, AreWrittenAsTheReferenceWritesThem) {
  EXPECT_EQ(format_sync_names({}), "");
  EXPECT_EQ(format_sync_names({Method::Priority, 1, {"n1"}}), "n1");
  EXPECT_EQ(format_sync_names({Method::Priority, 1, {"*"}}), "*");
  EXPECT_EQ(format_sync_names({Method::Priority, 2, {"n1", "n-2"}}), "2 (n1,\"n-2\")");
  EXPECT_EQ(format_sync_names({Method::Priority, 2, {"n1"}}), "2 (n1)");
  EXPECT_EQ(format_sync_names({Method::Quorum, 1, {"n1"}}), "ANY 1 (n1)");
}

TEST(SyncNames, WhatWouldBeReadAsSomethingElseIsQuoted) {
  EXPECT_EQ(quote_sync_name("postgresql0"), "postgresql0");
  EXPECT_EQ(quote_sync_name("_a$1"), "_a$1");
  EXPECT_EQ(quote_sync_name("1a"), "\"1a\"");
  EXPECT_EQ(quote_sync_name("first"), "\"first\"");
  EXPECT_EQ(quote_sync_name("ANY"), "\"ANY\"");
  EXPECT_EQ(quote_sync_name("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_sync_name("*"), "\"*\"");
  for (const char* name : {"n1", "1a", "first", "Any", "a\"b", "a.b", "a b", "5"}) {
    EXPECT_EQ(read("ANY 1 (" + quote_sync_name(name) + ")").names, (Names{name})) << name;
  }
}

}  // namespace
}  // namespace tamada
