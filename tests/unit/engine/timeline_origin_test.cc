// Which promotion made a timeline (safety.md M5, 2.3).
#include <gtest/gtest.h>

#include "engine/timeline_origin.h"
#include "support/engine_parts.h"

namespace tamada {
namespace {

// This member is n1; n2 leads on timeline 3, which its promotion of origin "a" made.
struct Origins {
  Origins() {
    view.leader = LeaderEntry{{"n2", 7, "a"}, 9};
    leader().role = Role::Primary;
    leader().timeline = Timeline{3};
    leader().timeline_origin = "a";
    parts.runs_as(false);
    row().timeline = Timeline{3};
    row().receiver_status = "streaming";
    parts.state.postgres.control->timeline = Timeline{3};
  }
  Member& leader() { return view.members[1]; }
  StatusRow& row() { return *parts.state.postgres.row; }
  void refresh(bool follows = true) {
    parts.clock.run(origin.refresh(std::make_shared<const ClusterView>(view), follows));
  }
  bool differs() { return origin.differs(&view); }
  void note(std::uint32_t from, std::uint32_t to, std::string text) {
    parts.local.promotion = PromotionNote{Timeline{from}, Lsn{0x5000000}, Timeline{to}, std::move(text)};
    origin.changed();
    refresh(false);
  }

  test::EngineParts parts;
  ClusterView view = test::healthy_view();
  TimelineOrigin origin{parts.state};
};

TEST(TimelineOrigin, who_streams_a_timeline_from_its_leader_notes_where_it_comes_from) {
  Origins o;
  o.refresh(false);
  EXPECT_FALSE(o.parts.local.promotion) << "it does not follow the leader";
  o.row().receiver_status.clear();
  o.refresh();
  EXPECT_FALSE(o.parts.local.promotion) << "it receives nothing";
  o.row().receiver_status = "streaming";
  o.row().timeline = Timeline{2};
  o.refresh();
  EXPECT_FALSE(o.parts.local.promotion) << "it is not there yet";
  o.row().timeline = Timeline{3};
  o.refresh();
  ASSERT_TRUE(o.parts.local.promotion);
  EXPECT_EQ(o.parts.local.promotion->to_timeline.id, 3u);
  EXPECT_EQ(o.parts.local.promotion->origin, "a");
  EXPECT_FALSE(o.parts.local.promotion->own());
  o.refresh();
  EXPECT_EQ(o.parts.local.promotions_saved, 1);
  EXPECT_FALSE(o.differs());
}

TEST(TimelineOrigin, another_promotion_to_the_same_number_is_another_history) {
  Origins o;
  o.refresh();
  o.leader().timeline_origin = "b";
  o.refresh();
  EXPECT_TRUE(o.differs()) << "what was noted first stays";
  o.leader().role = Role::Replica;
  EXPECT_FALSE(o.differs()) << "still being promoted";
  o.leader().role = Role::Primary;
  o.leader().timeline = Timeline{4};
  EXPECT_FALSE(o.differs()) << "timelines of different numbers are compared by their histories";
  o.leader().timeline = Timeline{3};
  o.leader().timeline_origin.clear();
  EXPECT_FALSE(o.differs()) << "a leader that is no Tamada member tells nothing";
  o.parts.local.promotion.reset();
  o.origin.changed();
  o.leader().timeline_origin = "b";
  o.refresh();
  EXPECT_FALSE(o.differs()) << "cloned anew";
  EXPECT_EQ(o.parts.local.promotion->origin, "b");
}

TEST(TimelineOrigin, who_promoted_himself_believes_no_other_leader_of_that_timeline) {
  Origins o;
  o.note(2, 3, "mine");
  EXPECT_TRUE(o.differs());
  o.leader().timeline_origin.clear();
  EXPECT_TRUE(o.differs()) << "also a leader that names no origin";
  o.parts.state.postgres.control->timeline = Timeline{2};
  EXPECT_FALSE(o.differs()) << "the deed was not done";
  o.parts.state.postgres.control->timeline = Timeline{3};
  o.view.leader->generation.holder = "n1";
  EXPECT_FALSE(o.differs());
}

TEST(TimelineOrigin, the_end_of_recovery_tells_of_a_promotion_before_its_first_checkpoint) {
  Origins o;
  o.note(2, 3, "mine");
  o.parts.state.postgres.control->timeline = Timeline{2};
  o.parts.state.postgres.control->min_recovery_timeline = Timeline{3};
  EXPECT_TRUE(o.differs());
}

TEST(TimelineOrigin, the_note_of_a_promotion_that_was_not_done_ends_when_the_standby_streams) {
  Origins o;
  o.parts.state.postgres.control->timeline = Timeline{2};
  o.note(2, 3, "mine");
  o.row().receiver_status.clear();
  o.refresh();
  EXPECT_TRUE(o.parts.local.promotion) << "it may still be on its way";
  o.row().receiver_status = "streaming";
  o.row().timeline = Timeline{2};
  o.leader().timeline = Timeline{2};
  o.leader().timeline_origin.clear();
  o.refresh();
  EXPECT_FALSE(o.parts.local.promotion);

  o.note(2, 3, "mine");
  o.leader().timeline = o.row().timeline = Timeline{3};
  o.leader().timeline_origin = "a";
  o.refresh();
  ASSERT_TRUE(o.parts.local.promotion);
  EXPECT_EQ(o.parts.local.promotion->origin, "a") << "another member made that number";
  o.parts.state.postgres.control->timeline = Timeline{3};
  EXPECT_FALSE(o.differs());
}

TEST(TimelineOrigin, a_primary_publishes_the_origin_of_its_own_timeline_only) {
  Origins o;
  o.note(2, 3, "mine");
  EXPECT_EQ(o.origin.published(), "") << "a standby";
  o.parts.runs_as(true);
  o.row().timeline = Timeline{3};
  EXPECT_EQ(o.origin.published(), "mine");
  o.row().timeline = Timeline{4};
  EXPECT_EQ(o.origin.published(), "");
}

}  // namespace
}  // namespace tamada
