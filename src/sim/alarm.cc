#include "sim/alarm.h"

#include "sim/clock.h"

namespace tamada::sim {

SimAlarm::SimAlarm(SimProcess& process, Instant when, std::function<void()> then)
    : process_(process), when_(when), then_(std::move(then)), self_(std::make_shared<SimAlarm*>(this)) {
  process_.alarms().push_back(*this);
  set();
}

void SimAlarm::set() {
  const SimTime at = world_time(process_, when_);
  if (due_ || at == kSimNever) return;
  process_.world().at(at, process_.host_id(),
                      [world = &process_.world(), id = process_.id(), weak = std::weak_ptr(self_)] {
                        const auto self = weak.lock();
                        if (self && world->process(id) != nullptr) (*self)->look();
                      });
}

void SimAlarm::look() {
  if (due_) return;
  if (process_.host().clock(process_.world().now()) < when_) return set();
  due_ = true;
  process_.post([weak = std::weak_ptr(self_)] {
    const auto self = weak.lock();
    if (!self) return;
    const auto then = std::move((*self)->then_);
    then();  // may destroy the alarm
  });
}

}  // namespace tamada::sim
