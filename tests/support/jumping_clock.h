// A clock that an alarm moves on to its time, at the next turn of the executor: nothing takes time by itself.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>

#include <boost/asio/post.hpp>

#include "ports/clock.h"

namespace tamada::testing {

struct JumpingClock final : Clock {
  Instant time{Duration(1000s)};
  WallTime wall{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23)};

  Instant now() const override { return time; }
  WallTime wall_now() const override { return wall; }
  std::unique_ptr<Alarm> alarm(const Executor& executor, Instant when, std::function<void()> then) override {
    struct Posted final : Alarm {
      std::shared_ptr<std::function<void()>> then;
    };
    auto posted = std::make_unique<Posted>();
    posted->then = std::make_shared<std::function<void()>>(std::move(then));
    boost::asio::post(executor, [this, when, weak = std::weak_ptr(posted->then)] {
      const auto due = weak.lock();
      if (!due) return;
      wall += std::max(when, time) - time;
      time = std::max(when, time);
      (*due)();
    });
    return posted;
  }
};

}  // namespace tamada::testing
