// PostgreSQL is stopped before the proven validity of the lock ends, whatever else goes on (A17, safety.md 1.7).
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/fence.h"
#include "support/engine_parts.h"

namespace tamada {
namespace {

using test::silence;
using Proven = Written<LockProof>;

struct Fenced {
  explicit Fenced(bool primary = true) {
    lock.update_settings(parts.settings->dynamic);
    parts.runs_as(primary);
    valid_until = now() + 30s;
    clock().run(lock.acquire({}, now() + 10s));
    fence.start();
    clock().settle();
  }
  ~Fenced() {
    clock().run(fence.stop());
    clock().run(runner.cancel_and_wait());
    clock().run(lock.stop());
  }
  test::ManualClock& clock() { return parts.clock; }
  Instant now() { return parts.clock.now(); }
  Timing timing() { return compute_timing(parts.settings->dynamic); }
  std::vector<StopMode> modes() {
    std::vector<StopMode> out;
    for (const auto& stop : parts.postgres.stops) out.push_back(stop.mode);
    return out;
  }
  Instant due() { return valid_until - timing().stop_margin; }

  test::EngineParts parts;
  LockKeeper lock{clock().executor(),
                  {parts.clock, parts.store, parts.local, parts.watchdog},
                  parts.log,
                  [this] { fence.look(); },
                  [] { return std::nullopt; }};
  ProcedureContext context = parts.context_with(lock);
  ProcedureRunner runner{clock().executor(), parts.clock, parts.log, [] {}};
  Fence fence{clock().executor(), parts.state, lock, runner, context};
  Instant valid_until;
};

Task<Result<void>> sleeps(Clock& clock, Duration how_long) {
  co_await clock.sleep_for(how_long);
  co_return Result<void>();
}

TEST(Fence, stops_a_primary_when_the_stop_margin_begins) {
  Fenced f;
  f.clock().advance(f.due() - f.now() - 1ms);
  EXPECT_TRUE(f.modes().empty());
  f.clock().advance(1ms);
  EXPECT_EQ(f.modes(), std::vector{StopMode::Fast});
  EXPECT_FALSE(f.parts.state.postgres.running());
  EXPECT_EQ(f.parts.watchdog.disabled, 1);
  EXPECT_EQ(f.parts.store.count("release"), 0) << "what is not proven is not given back either";
  EXPECT_FALSE(f.runner.blocked());
  f.clock().advance(1min);
  EXPECT_EQ(f.modes().size(), 1u);
}

TEST(Fence, escalates_in_time_for_the_kill_bound) {
  Fenced f;
  f.parts.postgres.stop_takes = {{StopMode::Fast, 1h}, {StopMode::Immediate, 1h}, {StopMode::Kill, 100ms}};
  f.clock().advance(40s);
  ASSERT_EQ(f.modes(), (std::vector{StopMode::Fast, StopMode::Immediate, StopMode::Kill}));
  const auto& stops = f.parts.postgres.stops;
  EXPECT_EQ(stops[0].at, f.due());
  EXPECT_EQ(stops[2].at, f.valid_until - f.timing().kill_bound);
  EXPECT_GT(stops[1].at, stops[0].at);
  EXPECT_LT(stops[1].at, stops[2].at);
}

TEST(Fence, a_short_ttl_leaves_time_for_a_kill_only) {
  Fenced f(false);
  f.parts.configure([](Settings& s) {
    s.dynamic.ttl = 6s;
    s.dynamic.loop_wait = 1s;
    s.dynamic.retry_timeout = 1s;
  });
  f.lock.update_settings(f.parts.settings->dynamic);
  f.parts.runs_as(true);
  f.clock().run(f.lock.acquire({}, f.now() + 10s));
  f.fence.look();
  f.clock().advance(10s);
  EXPECT_EQ(f.modes(), std::vector{StopMode::Kill});
}

TEST(Fence, a_renewal_moves_the_deadline) {
  Fenced f;
  f.lock.set_verdict(true, f.now() + 2min);
  f.lock.start();
  f.clock().advance(1min);
  EXPECT_TRUE(f.modes().empty());
  f.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_unknown(silence()); };
  const Instant valid_until = f.lock.last_valid_until();
  const std::size_t fed = f.parts.watchdog.fed.size();
  f.clock().advance(40s);
  ASSERT_FALSE(f.modes().empty());
  EXPECT_EQ(f.parts.postgres.stops[0].at, valid_until - f.timing().stop_margin);
  EXPECT_EQ(f.parts.watchdog.fed.size(), fed) << "an unanswered renewal feeds nothing";
}

TEST(Fence, a_lock_that_is_anothers_kills_at_once) {
  Fenced f;
  f.lock.set_verdict(true, f.now() + 2min);
  f.lock.start();
  f.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("n2", silence()); };
  const Instant lost_at = f.now() + 10s;
  f.clock().advance(11s);
  ASSERT_EQ(f.modes(), std::vector{StopMode::Kill});
  EXPECT_EQ(f.parts.postgres.stops[0].at, lost_at + 300ms);
}

TEST(Fence, a_refused_acquire_after_the_loss_does_not_make_it_gentler) {
  Fenced f;
  f.lock.set_verdict(true, f.now() + 2min);
  f.lock.start();
  f.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("n2", silence()); };
  f.parts.store.on_acquire = [](auto, auto) { return Proven::make_refused("n2", silence()); };
  f.clock().advance(10s);
  f.clock().run(f.lock.acquire({}, f.now() + 1s));
  f.clock().advance(1s);
  EXPECT_EQ(f.modes(), std::vector{StopMode::Kill});
}

TEST(Fence, what_is_not_stopped_is_tried_again_and_keeps_the_watchdog) {
  Fenced f;
  f.parts.postgres.stop_takes = {{StopMode::Fast, 1h}, {StopMode::Immediate, 1h}, {StopMode::Kill, 1h}};
  f.clock().advance(2min);
  const auto modes = f.modes();
  EXPECT_GE(std::count(modes.begin(), modes.end(), StopMode::Kill), 3);
  EXPECT_EQ(f.parts.watchdog.disabled, 0) << "it is what is left";
  f.parts.postgres.stop_takes.clear();
  f.clock().advance(1min);
  EXPECT_EQ(f.parts.watchdog.disabled, 1);
  EXPECT_FALSE(f.runner.blocked());
}

TEST(Fence, cancels_the_procedure_under_way_and_lets_none_begin) {
  Fenced f;
  std::optional<ErrorCode> ended;
  f.runner.start(ProcedureKind::Restart, "restart", sleeps(f.parts.clock, 1h),
                 [&](Result<void> result) { ended = result.error().code; });
  f.parts.postgres.stop_takes = {{StopMode::Fast, 1s}};
  f.clock().advance(f.due() - f.now() + 500ms);
  EXPECT_EQ(ended, ErrorCode::Cancelled);
  EXPECT_FALSE(f.runner.start(ProcedureKind::Start, "start", sleeps(f.parts.clock, 1s)));
  f.clock().advance(1s);
  EXPECT_TRUE(f.runner.idle());
  EXPECT_TRUE(f.runner.start(ProcedureKind::Start, "start", sleeps(f.parts.clock, 1s)));
}

TEST(Fence, leaves_a_standby_alone) {
  Fenced f(false);
  f.clock().advance(1min);
  EXPECT_TRUE(f.modes().empty());
}

TEST(Fence, a_standby_that_is_being_promoted_is_fenced) {
  Fenced f(false);
  f.runner.start(ProcedureKind::Promote, "promote", sleeps(f.parts.clock, 1h));
  f.fence.look();
  f.clock().advance(1min);
  EXPECT_FALSE(f.modes().empty());
}

TEST(Fence, does_nothing_in_pause_until_the_pause_ends) {
  Fenced f;
  f.parts.configure([](Settings& s) { s.dynamic.pause = true; });
  f.fence.look();
  f.clock().advance(1min);
  EXPECT_TRUE(f.modes().empty());
  f.parts.configure([](Settings& s) { s.dynamic.pause = false; });
  f.fence.look();
  f.clock().settle();
  EXPECT_EQ(f.modes(), std::vector{StopMode::Kill}) << "the validity has ended long ago";
}

TEST(Fence, after_a_freeze_it_strikes_at_once) {
  Fenced f;
  f.clock().freeze(1h);
  ASSERT_EQ(f.modes(), std::vector{StopMode::Kill});
  EXPECT_EQ(f.parts.postgres.stops[0].at, f.now());
}

}  // namespace
}  // namespace tamada
