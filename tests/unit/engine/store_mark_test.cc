// Which store was used is known to the next run, so that one that was restored meanwhile is noticed (safety.md 1.8).
#include "engine/store_mark.h"

#include <gtest/gtest.h>

#include "core/memory_update.h"
#include "support/engine_parts.h"

namespace tamada {
namespace {

struct Marking {
  Marking() {
    parts.runs_as(false);
    parts.state.postgres.control.emplace();
    parts.state.postgres.control->system_identifier = "7444";
    saw("a", 100);
  }
  ~Marking() { parts.clock.run(keeper.stop()); }
  void saw(const std::string& id, std::int64_t revision) {
    parts.state.memory.store_id = id;
    parts.state.memory.store_revision = revision;
    parts.state.memory.saw_fresh_view = true;
  }
  std::string on_record() {
    keeper.look();
    parts.clock.settle();
    const auto& mark = parts.local.store_mark;
    return mark ? fmt::format("{} {} {}", mark->store_id, mark->revision, mark->system_identifier) : "nothing";
  }

  test::EngineParts parts;
  StoreMarkKeeper keeper{parts.clock.executor(), parts.state};
};

TEST(StoreMark, another_store_is_written_down_at_once_and_progress_now_and_then) {
  Marking m;
  EXPECT_EQ(m.on_record(), "a 100 7444");
  m.saw("a", 200);
  EXPECT_EQ(m.on_record(), "a 100 7444");
  m.parts.clock.advance(5min);
  EXPECT_EQ(m.on_record(), "a 200 7444");
  m.parts.clock.advance(10s);
  m.saw("b", 3);
  EXPECT_EQ(m.on_record(), "b 3 7444");
}

TEST(StoreMark, a_store_that_went_back_is_not_written_down_before_that_is_settled) {
  Marking m;
  EXPECT_EQ(m.on_record(), "a 100 7444");
  m.parts.clock.advance(1min);
  m.saw("b", 3);
  m.parts.state.memory.store_went_back = true;
  EXPECT_EQ(m.on_record(), "a 100 7444");
  m.parts.state.memory.store_went_back = false;
  EXPECT_EQ(m.on_record(), "b 3 7444");
}

TEST(StoreMark, the_next_run_knows_it_when_the_data_is_of_the_same_cluster) {
  Marking m;
  m.parts.local.store_mark = StoreMark{"old", 900, "7444"};
  m.parts.state.memory = {};
  m.parts.clock.run(m.keeper.load());
  EXPECT_EQ(m.parts.state.memory.store_id, "old");
  EXPECT_EQ(m.parts.state.memory.store_revision, 900);

  Marking other;
  other.parts.local.store_mark = StoreMark{"old", 900, "7555"};
  other.parts.state.memory = {};
  other.parts.clock.run(other.keeper.load());
  EXPECT_FALSE(other.parts.state.memory.store_id) << "a cluster that was made anew may have a new store";
}

}  // namespace
}  // namespace tamada
