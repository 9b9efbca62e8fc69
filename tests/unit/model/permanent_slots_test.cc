#include "model/permanent_slots.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

PermanentSlots parsed(std::string_view text) {
  return parse_permanent_slots(parse_json(text)->get_object());
}

TEST(PermanentSlots, ArePhysicalWhenTheirSectionSaysNothingElse) {
  const PermanentSlots read = parsed(R"({"c":"","a":null,"b":{},"d":{"type":"physical"},"e":{"database":"x"}})");
  EXPECT_TRUE(read.problems.empty());
  ASSERT_EQ(read.slots.size(), 5u);
  for (const PermanentSlot& slot : read.slots) EXPECT_TRUE(slot.physical) << slot.name;
  EXPECT_EQ(read.slots[0].name, "a");
}

TEST(PermanentSlots, AreLogicalWithDatabaseAndPlugin) {
  const PermanentSlots read =
      parsed(R"({"a":{"type":"logical","database":"d","plugin":"p"},"b":{"database":"d","plugin":"p"}})");
  ASSERT_EQ(read.slots.size(), 2u);
  for (const PermanentSlot& slot : read.slots) {
    EXPECT_FALSE(slot.physical);
    EXPECT_EQ(slot.database, "d");
    EXPECT_EQ(slot.plugin, "p");
  }
}

TEST(PermanentSlots, MayBeForOneKindOfCluster) {
  using Cluster = PermanentSlot::Cluster;
  const PermanentSlots read = parsed(R"({"a":{"cluster_type":"primary"},"b":{"cluster_type":"standby"},"c":{}})");
  ASSERT_EQ(read.slots.size(), 3u);
  EXPECT_EQ(read.slots[0].cluster, Cluster::Primary);
  EXPECT_EQ(read.slots[1].cluster, Cluster::Standby);
  EXPECT_EQ(read.slots[2].cluster, Cluster::Any);
}

TEST(PermanentSlots, ThatCannotBeUsedAreSkippedAndNamed) {
  for (const std::string_view entry :
       {R"("Upper":{})", R"("a-b":null)", R"("":{})", R"("a":{"type":"logical","database":"d"})",
        R"("a":{"type":"weird"})", R"("a":{"type":7})", R"("a":[1])", R"("a":"text")",
        R"("a":{"cluster_type":"both"})"}) {
    const PermanentSlots read = parsed("{" + std::string(entry) + R"(,"good":{}})");
    EXPECT_EQ(read.problems.size(), 1u) << entry;
    ASSERT_EQ(read.slots.size(), 1u) << entry;
    EXPECT_EQ(read.slots[0].name, "good");
  }
  EXPECT_EQ(parsed("{\"" + std::string(64, 'a') + "\":{}}").problems.size(), 1u);
  EXPECT_TRUE(parsed("{\"" + std::string(63, 'a') + "\":{}}").problems.empty());
}

}  // namespace
}  // namespace tamada
