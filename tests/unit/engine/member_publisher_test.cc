// members/<name>: at once when others should know, else once per loop_wait (safety.md 5.5).
#include <gtest/gtest.h>

#include "engine/member_publisher.h"
#include "support/engine_parts.h"

namespace tamada {
namespace {

using test::silence;

struct Publisher {
  Publisher() { member = test::healthy_view().members[0]; }
  ~Publisher() { clock().run(publisher.stop()); }
  test::ManualClock& clock() { return parts.clock; }
  void start() {
    publisher.start();
    clock().settle();
    EXPECT_EQ(parts.store.count("touch"), 1);
    clock().advance(1s);
    parts.store.calls.clear();
  }
  bool wrote(std::string_view part) {
    return !parts.store.calls.empty() && parts.store.calls.back().find(part) != std::string::npos;
  }

  test::EngineParts parts;
  Member member;
  MemberPublisher publisher{clock().executor(), parts.state, [this] { return member; }};
};

TEST(MemberPublisher, keeps_the_key_alive_once_per_loop_wait) {
  Publisher p;
  p.start();
  p.clock().advance(31s);
  EXPECT_EQ(p.parts.store.calls, (std::vector<std::string>{"keep member", "keep member", "keep member"}));
  EXPECT_EQ(p.parts.state.store_answered, p.clock().wall_now() - 2s);
}

TEST(MemberPublisher, a_state_is_written_at_once_and_a_position_is_not) {
  Publisher p;
  p.start();
  p.member.xlog_location = Lsn{0x6000000};
  p.publisher.look();
  p.clock().settle();
  EXPECT_TRUE(p.parts.store.calls.empty());
  p.member.state = PgState::Stopping;
  p.publisher.look();
  p.clock().settle();
  EXPECT_TRUE(p.wrote("stopping"));
}

TEST(MemberPublisher, what_changes_during_a_write_is_written_after_it) {
  Publisher p;
  p.start();
  p.parts.store.takes = 1s;
  p.member.state = PgState::Stopping;
  p.publisher.look();
  p.clock().advance(500ms);
  p.member.state = PgState::Stopped;
  p.publisher.look();
  p.clock().advance(1s);
  EXPECT_TRUE(p.wrote("\"stopped\""));
}

TEST(MemberPublisher, a_write_that_failed_is_tried_again_with_the_whole_text) {
  Publisher p;
  p.start();
  p.parts.store.on_touch = [](auto, auto) { return Written<std::int64_t>::make_unknown(silence()); };
  p.member.state = PgState::Stopping;
  p.publisher.look();
  p.clock().advance(3s);
  EXPECT_GE(p.parts.store.count("touch"), 2);
  EXPECT_EQ(p.parts.store.count("keep"), 0) << "nobody knows what stands there";
  p.parts.store.on_touch = [](auto, auto) { return Written<std::int64_t>::make_applied(1); };
  p.clock().advance(2s);
  p.parts.store.calls.clear();
  p.clock().advance(10s);
  EXPECT_EQ(p.parts.store.calls, std::vector<std::string>{"keep member"});
}

TEST(MemberPublisher, a_key_that_is_missing_is_written_whole) {
  Publisher p;
  p.start();
  p.publisher.missing();
  p.clock().settle();
  EXPECT_EQ(p.parts.store.count("touch"), 1);
  p.publisher.missing();  // the view may be older than what was just written
  p.clock().advance(500ms);
  EXPECT_EQ(p.parts.store.count("touch"), 1);
}

TEST(MemberPublisher, of_two_writes_the_older_one_never_arrives_last) {
  Publisher p;
  p.start();
  p.parts.store.takes = 800ms;
  p.member.state = PgState::Stopping;
  p.publisher.look();
  p.clock().advance(100ms);
  p.member.state = PgState::Stopped;
  p.clock().run(p.publisher.publish(2s));
  EXPECT_TRUE(p.wrote("\"stopped\""));
  EXPECT_EQ(p.parts.store.most_at_once, 1);
}

TEST(MemberPublisher, publish_waits_no_longer_than_its_patience) {
  Publisher p;
  p.start();
  p.parts.store.takes = 2s;
  p.member.state = PgState::Stopping;
  p.publisher.look();
  p.clock().settle();
  const Instant began = p.clock().now();
  p.clock().run(p.publisher.publish(1s));
  EXPECT_EQ(p.clock().now(), began + 1s);
}

TEST(MemberPublisher, a_cancelled_write_leaves_the_publisher_working) {
  Publisher p;
  p.start();
  p.parts.store.takes = 1s;
  TaskScope scope(p.clock().executor());
  p.member.state = PgState::Stopping;
  scope.spawn(p.publisher.publish(2s));
  p.clock().settle();
  p.clock().run(scope.stop());
  p.parts.store.takes = 0s;
  p.member.state = PgState::Running;
  p.clock().run(p.publisher.publish(2s));
  EXPECT_TRUE(p.wrote("touch")) << "what was cancelled may have been written";
  p.clock().advance(2s);
  p.parts.store.calls.clear();
  p.publisher.missing();
  p.clock().settle();
  EXPECT_EQ(p.parts.store.count("touch"), 1);
}

}  // namespace
}  // namespace tamada
