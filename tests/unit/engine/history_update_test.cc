#include "engine/history_update.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

HistoryLine line(unsigned timeline, std::uint64_t lsn, std::string timestamp = {}, std::string leader = {}) {
  HistoryLine l{Timeline{timeline}, Lsn{lsn}, "no recovery target specified", timestamp, leader, 3};
  if (!timestamp.empty()) l.elements = leader.empty() ? 4 : 5;
  return l;
}

ClusterView stored(std::vector<HistoryLine> lines) {
  ClusterView view;
  view.history.emplace();
  view.history->lines = std::move(lines);
  view.history->revision = 4;
  return view;
}

TEST(HistoryIsDue, as_documented) {
  EXPECT_FALSE(history_is_due(ClusterView{}, Timeline{}));
  EXPECT_FALSE(history_is_due(ClusterView{}, Timeline{1}));
  EXPECT_FALSE(history_is_due(stored({}), Timeline{1}));
  EXPECT_TRUE(history_is_due(stored({line(1, 10)}), Timeline{1})) << "a cluster that was made anew";
  EXPECT_TRUE(history_is_due(ClusterView{}, Timeline{2}));
  EXPECT_TRUE(history_is_due(stored({}), Timeline{2}));
  EXPECT_FALSE(history_is_due(stored({line(1, 10, "t", "n1")}), Timeline{2}));
  EXPECT_TRUE(history_is_due(stored({line(1, 10, "t", "n1")}), Timeline{3}));
  EXPECT_TRUE(history_is_due(stored({line(1, 10, "t")}), Timeline{2})) << "four elements, of an old release";
}

TEST(NextHistory, the_newest_line_gets_time_and_leader) {
  const auto out = next_history(ClusterView{}, {line(1, 10), line(2, 20)}, "now", "n2", 0);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0], line(1, 10));
  EXPECT_EQ(out[1], line(2, 20, "now", "n2"));
}

TEST(NextHistory, older_lines_keep_what_the_store_knew) {
  const auto out = next_history(stored({line(1, 10, "then", "n1"), line(2, 99, "other", "n9")}),
                                {line(1, 10), line(2, 20), line(3, 30)}, "now", "n2", 0);
  EXPECT_EQ(out[0], line(1, 10, "then", "n1"));
  EXPECT_EQ(out[1], line(2, 20)) << "the same timeline that ended elsewhere is another switch";
  EXPECT_EQ(out[2], line(3, 30, "now", "n2"));
}

TEST(NextHistory, a_newest_line_of_another_generation_is_completed) {
  EXPECT_EQ(next_history(stored({line(1, 10, "then")}), {line(1, 10)}, "now", "n2", 0)[0], line(1, 10, "then", "n2"));
  EXPECT_EQ(next_history(stored({line(1, 10, "then", "n1")}), {line(1, 10)}, "now", "n2", 0)[0],
            line(1, 10, "then", "n1"));
}

TEST(NextHistory, the_limit_keeps_the_newest) {
  const auto out = next_history(ClusterView{}, {line(1, 10), line(2, 20), line(3, 30)}, "now", "n2", 2);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].timeline.id, 2u);
  EXPECT_EQ(next_history(ClusterView{}, {}, "now", "n2", 2).size(), 0u);
}

}  // namespace
}  // namespace tamada
