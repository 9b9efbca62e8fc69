// A lock keeper over scripted ports, for its tests.
#pragma once

#include <gtest/gtest.h>

#include "engine/lock_keeper.h"
#include "support/engine_parts.h"

namespace tamada::test {

struct Keeper {
  Keeper() {
    settings.loop_wait = 10s;
    keeper.update_settings(settings);
  }
  ~Keeper() { clock().run(keeper.stop()); }
  ManualClock& clock() { return parts.clock; }
  Instant now() { return parts.clock.now(); }
  WriteKind acquire() { return clock().run(keeper.acquire({}, now() + 10s)); }
  // Holds the lock, and is told to for long.
  void lead() {
    EXPECT_EQ(acquire(), WriteKind::Applied);
    keeper.set_verdict(true, now() + 1h);
    keeper.start();
    clock().settle();
    parts.store.calls.clear();
  }

  test::EngineParts parts;
  DynamicSettings settings;
  int changes = 0;
  std::optional<StatusDocument> status;
  LockKeeper keeper{clock().executor(),
                    {parts.clock, parts.store, parts.local, parts.watchdog},
                    parts.log,
                    [this] { ++changes; },
                    [this] { return status; }};
};

}  // namespace tamada::test
