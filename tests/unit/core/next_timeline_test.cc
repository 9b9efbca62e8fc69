#include "core/next_timeline.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

TEST(PromotedSince, a_later_claim_or_history_of_a_newer_timeline_tells_of_another_leader) {
  const LockGeneration mine{"n1", 100, "a"};
  ClusterView view;
  EXPECT_FALSE(promoted_since(view, mine, Timeline{4}));
  view.claimed_timeline = Timeline{5};
  view.timeline_revision = 120;
  EXPECT_TRUE(promoted_since(view, mine, Timeline{4}));
  EXPECT_FALSE(promoted_since(view, mine, Timeline{5})) << "our own promotion";
  view.timeline_revision = 90;
  EXPECT_FALSE(promoted_since(view, mine, Timeline{4})) << "a promotion that failed before we led";
  view.history = HistoryDocument{{}, 130, Timeline{5}};
  EXPECT_TRUE(promoted_since(view, mine, Timeline{4})) << "a Patroni member claims nothing";
  EXPECT_FALSE(promoted_since(view, mine, Timeline{5}));
  view.history->revision = 95;
  EXPECT_FALSE(promoted_since(view, mine, Timeline{4}));
}

TEST(NewestTimeline, is_the_later_of_history_and_claim_but_no_nonsense) {
  ClusterView view;
  EXPECT_FALSE(newest_timeline(view, Timeline{4}).known());
  view.history = HistoryDocument{{}, 130, Timeline{5}};
  EXPECT_EQ(newest_timeline(view, Timeline{4}).id, 5u);
  view.claimed_timeline = Timeline{6};
  EXPECT_EQ(newest_timeline(view, Timeline{4}).id, 6u);
  view.claimed_timeline = Timeline{4000000000};
  EXPECT_EQ(newest_timeline(view, Timeline{4}).id, 5u);
}

}  // namespace
}  // namespace tamada
