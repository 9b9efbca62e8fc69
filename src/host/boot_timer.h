// The alarms of one io_context: one timerfd on CLOCK_BOOTTIME, set to the earliest. Asio's own timers stand still while
// the machine is suspended.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "ports/clock.h"

namespace tamada {

Instant boot_time();

// A service of the io_context, made by its first alarm; that one ends the process when the kernel has no descriptor
// left. One thread only.
class BootTimer final : public boost::asio::execution_context::service {
 public:
  static boost::asio::execution_context::id id;

  static BootTimer& of(const Executor& executor);
  explicit BootTimer(boost::asio::execution_context& context);

  std::unique_ptr<Alarm> alarm(Instant when, std::function<void()> then);

 private:
  class BootAlarm;
  using Queue = std::multimap<Instant, BootAlarm*>;
  void shutdown() override;
  void attach(const Executor& executor);
  void remove(Queue::iterator place);
  void set();
  void wait();
  void run_due();

  // Alarms may be destroyed after the service, with what the io_context still held.
  std::shared_ptr<BootTimer*> self_;
  Queue queue_;
  Instant set_to_ = kNever;
  bool waiting_ = false;
  std::unique_ptr<boost::asio::posix::stream_descriptor> timer_;
};

}  // namespace tamada
