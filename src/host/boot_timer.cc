#include "host/boot_timer.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include <boost/asio/query.hpp>

#include "base/invariant.h"

namespace tamada {

namespace asio = boost::asio;

asio::execution_context::id BootTimer::id;

Instant boot_time() {
  timespec t{};
  INVARIANT(clock_gettime(CLOCK_BOOTTIME, &t) == 0);
  return Instant(std::chrono::seconds(t.tv_sec) + std::chrono::microseconds(t.tv_nsec / 1000));
}

class BootTimer::BootAlarm final : public Alarm {
 public:
  BootAlarm(std::shared_ptr<BootTimer*> timer, std::function<void()> then)
      : timer_(std::move(timer)), then_(std::move(then)) {}
  ~BootAlarm() override {
    if (waiting_ && *timer_ != nullptr) (*timer_)->remove(place_);
  }
  void enqueue(Instant when) {
    place_ = (*timer_)->queue_.emplace(when, this);
    waiting_ = true;
  }
  // Off the queue; the caller runs it.
  std::function<void()> ring() {
    (*timer_)->queue_.erase(place_);
    waiting_ = false;
    return std::move(then_);
  }

 private:
  std::shared_ptr<BootTimer*> timer_;
  std::function<void()> then_;
  Queue::iterator place_;
  bool waiting_ = false;
};

BootTimer& BootTimer::of(const Executor& executor) {
  auto& timer = asio::use_service<BootTimer>(asio::query(executor, asio::execution::context));
  if (!timer.timer_) timer.attach(executor);
  return timer;
}

BootTimer::BootTimer(asio::execution_context& context) : service(context), self_(std::make_shared<BootTimer*>(this)) {}

void BootTimer::attach(const Executor& executor) {
  const int fd = ::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  INVARIANT(fd >= 0);
  timer_ = std::make_unique<asio::posix::stream_descriptor>(executor, fd);
}

void BootTimer::shutdown() {
  *self_ = nullptr;
  queue_.clear();
  timer_.reset();
}

std::unique_ptr<Alarm> BootTimer::alarm(Instant when, std::function<void()> then) {
  auto made = std::make_unique<BootAlarm>(self_, std::move(then));
  made->enqueue(when);
  set();
  return made;
}

void BootTimer::remove(Queue::iterator place) {
  queue_.erase(place);
  set();
}

void BootTimer::set() {
  if (queue_.empty()) {
    if (waiting_) timer_->cancel();
  } else {
    wait();
  }
  const Instant earliest = queue_.empty() ? kNever : queue_.begin()->first;
  if (earliest == set_to_) return;
  set_to_ = earliest;
  itimerspec at{};  // all zero: no alarm
  if (earliest != kNever) {
    const auto since_boot = std::max<Duration>(earliest.time_since_epoch(), 1us);
    const auto whole = std::chrono::floor<std::chrono::seconds>(since_boot);
    at.it_value.tv_sec = whole.count();
    at.it_value.tv_nsec = std::chrono::nanoseconds(since_boot - whole).count();
  }
  INVARIANT(::timerfd_settime(timer_->native_handle(), TFD_TIMER_ABSTIME, &at, nullptr) == 0);
}

// An io_context whose alarms are all gone has nothing to wait for.
void BootTimer::wait() {
  if (std::exchange(waiting_, true)) return;
  timer_->async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code) {
    waiting_ = false;
    std::uint64_t count = 0;
    (void)!::read(timer_->native_handle(), &count, sizeof count);
    run_due();
    set();
  });
}

void BootTimer::run_due() {
  const Instant now = boot_time();
  while (!queue_.empty() && queue_.begin()->first <= now) queue_.begin()->second->ring()();
  set_to_ = kNever;
}

}  // namespace tamada
