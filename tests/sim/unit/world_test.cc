#include <gtest/gtest.h>

#include "sim/clock.h"
#include "sim/process.h"
#include "sim/world.h"

namespace tamada::sim {
namespace {

TEST(SimWorld, events_happen_in_the_order_of_time_and_then_of_their_making) {
  SimWorld world(1);
  std::string order;
  world.at(2s, -1, [&] { order += "c"; });
  world.at(1s, -1, [&] { order += "a"; });
  world.at(1s, -1, [&] { order += "b"; });
  world.run_until(3s);
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(world.now(), SimTime(3s));
}

TEST(SimWorld, a_frozen_host_catches_up_after_the_thaw_and_a_lost_one_never) {
  SimWorld world(1);
  const int a = world.add_host("a");
  const int b = world.add_host("b");
  SimTime happened_a{0};
  bool happened_b = false;
  world.at(1s, a, [&] { happened_a = world.now(); });
  world.at(1s, b, [&] { happened_b = true; });
  world.freeze(a, false);
  world.power_cycle(b);
  world.at(5s, -1, [&] { world.thaw(a); });
  world.run_until(10s);
  EXPECT_EQ(happened_a, SimTime(5s));
  EXPECT_FALSE(happened_b);
}

TEST(SimClock, a_sleeper_follows_its_own_clock_through_rates_and_a_paused_machine) {
  SimWorld world(1);
  const int a = world.add_host("a");
  SimProcess process(world, a, "p");
  SimClock clock(process);
  SimTime woke{0};
  auto body = [&]() -> Task<void> {
    co_await clock.sleep_for(10s);
    woke = world.now();
  };
  process.spawn(body());
  world.at(2s, -1, [&] { world.change_clock(a, [](SimHost& h) { h.rate_ppm = 2000000; }); });
  world.at(3s, -1, [&] { world.freeze(a, true); });
  world.at(7s, -1, [&] { world.thaw(a); });
  world.run_until(60s);
  // 2 s at rate 1, 1 s at rate 2, 4 s stopped, then 6 s at rate 2.
  EXPECT_NEAR(to_seconds(woke), 10.0, 0.001);
}

TEST(SimProcess, killing_it_destroys_its_coroutines_wherever_they_wait) {
  SimWorld world(1);
  const int a = world.add_host("a");
  auto alive = std::make_shared<int>(0);
  auto process = std::make_unique<SimProcess>(world, a, "p");
  SimSignal never(world);
  bool resumed = false;
  auto inner_list = std::make_shared<WaitList>(process->executor());
  process->own(inner_list);
  auto on_signal = [&](std::shared_ptr<int> keep) -> Task<void> {
    (void)keep;
    co_await process->wait(never, kSimNever);
    resumed = true;
  };
  auto on_list = [&](std::shared_ptr<int> keep, WaitList* list) -> Task<void> {
    (void)keep;
    co_await list->wait();
    resumed = true;
  };
  process->spawn(on_signal(alive));
  process->spawn(on_list(alive, inner_list.get()));
  inner_list.reset();
  world.run_until(1s);
  EXPECT_EQ(alive.use_count(), 3);
  process.reset();
  EXPECT_EQ(alive.use_count(), 1);
  never.notify();
  world.run_until(2s);
  EXPECT_FALSE(resumed);
}

struct ThirdCall final : KillSwitch {
  int calls = 0;
  bool strikes(SimProcess&, std::string_view, CallPhase) override { return ++calls == 3; }
};

TEST(SimProcess, dies_at_the_port_call_that_the_kill_switch_chooses) {
  SimWorld world(1);
  const int a = world.add_host("a");
  ThirdCall kill;
  auto process = std::make_unique<SimProcess>(world, a, "p");
  process->set_kill_switch(&kill);
  process->set_on_doom([&] { process.reset(); });
  int reached = 0;
  auto body = [&reached](SimProcess* p) -> Task<void> {
    for (;;) {
      co_await p->point("call", CallPhase::Before);
      ++reached;
      co_await p->sleep_for(1s);
    }
  };
  process->spawn(body(process.get()));
  world.run_until(10s);
  EXPECT_EQ(reached, 2);
  EXPECT_EQ(process, nullptr);
}

}  // namespace
}  // namespace tamada::sim
