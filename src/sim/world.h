// The simulated world: virtual time, one event queue, hosts with their own clocks, the network between them and the
// processes on them. Everything runs in one thread from one seed; the same seed gives the same trace hash.
//
// Events are ordered by (time, sequence). An event that belongs to a host does not happen while the host is frozen (it
// waits) and never after the host was lost (it is dropped). Effects on another host always travel by an event.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/time.h"
#include "sim/host.h"
#include "sim/network.h"
#include "sim/prng.h"

namespace tamada::sim {

class SimProcess;

class SimWorld {
 public:
  using Action = std::function<void()>;

  explicit SimWorld(std::uint64_t seed);
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  SimTime now() const { return now_; }
  Prng& random() { return random_; }
  SimNetwork& network() { return network_; }

  int add_host(std::string name);
  SimHost& host(int id) { return *hosts_.at(static_cast<std::size_t>(id)); }
  int host_count() const { return static_cast<int>(hosts_.size()); }

  // Runs `action` at `when` (not before now). `host` < 0: belongs to nobody and always happens.
  void at(SimTime when, int host, Action action);
  void after(Duration delay, int host, Action action) { at(now_ + delay, host, std::move(action)); }

  // A frozen host executes nothing; with `clock_stops` its own clocks stand still too (a paused virtual machine).
  void freeze(int host, bool clock_stops);
  void thaw(int host);
  // Loss of power: all that was to happen there never happens; the boot id changes. Processes must be killed by the
  // caller first.
  void power_cycle(int host);
  // A change of the host's clock; sleepers look again.
  void change_clock(int host, std::function<void(SimHost&)> change);

  // Processes register themselves.
  std::uint64_t add_process(SimProcess* process);
  void remove_process(std::uint64_t id);
  SimProcess* process(std::uint64_t id);
  void mark_ready(SimProcess* process);

  // Runs all events up to `until` (inclusive) and sets the time to it.
  void run_until(SimTime until);
  // Runs until `done` holds, looking after every event; false when `until` came first.
  bool run_until(SimTime until, const std::function<bool()>& done);
  std::uint64_t events_run() const { return events_run_; }

  // Everything that must be equal in two runs of a seed goes through these.
  void mix(std::uint64_t value);
  void mix(std::string_view text);
  std::uint64_t trace_hash() const { return hash_; }

  void set_trace(std::function<void(std::string)> sink) { trace_sink_ = std::move(sink); }
  bool tracing() const { return static_cast<bool>(trace_sink_); }
  template <class... A>
  void trace(std::string_view who, fmt::format_string<A...> text, A&&... arguments) {
    if (tracing()) write_trace(who, fmt::format(text, std::forward<A>(arguments)...));
  }

 private:
  struct Event {
    SimTime when;
    std::uint64_t sequence;
    int host;
    std::uint64_t boot;
    Action action;
  };
  struct Later {
    bool operator()(const Event& a, const Event& b) const {
      return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
    }
  };
  bool step(SimTime until);
  void drain_ready();
  void write_trace(std::string_view who, std::string text);

  SimTime now_{0};
  std::uint64_t sequence_ = 0;
  std::uint64_t events_run_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  Prng random_;
  std::vector<Event> queue_;  // heap
  std::vector<std::unique_ptr<SimHost>> hosts_;
  std::map<int, std::vector<Event>> waiting_;  // of frozen hosts, in order
  SimNetwork network_;
  std::map<std::uint64_t, SimProcess*> processes_;
  std::uint64_t next_process_ = 1;
  std::vector<std::uint64_t> ready_;
  std::function<void(std::string)> trace_sink_;
};

}  // namespace tamada::sim
