// A simulated process: an io_context that only the world runs, and the coroutines waiting in it. Killing it destroys
// the io_context and everything in it at whatever co_await it stands; nothing of it is resumed first.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/task.h"
#include "sim/alarm.h"
#include "sim/world.h"

namespace tamada::sim {

class SimProcess;

// Something that processes wait for. May outlive them and be outlived by them.
class SimSignal {
 public:
  explicit SimSignal(SimWorld& world) : world_(&world) {}
  void notify();  // resumes all that wait now

 private:
  friend class SimProcess;
  SimWorld* world_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> waiters_;  // process, waiter
};

// Where in a port call the nemesis may strike.
enum class CallPhase { Before, Between, After };  // Between: the effect took place, the answer is not out

// Decides at every port call whether the process dies there.
class KillSwitch {
 public:
  virtual ~KillSwitch() = default;
  virtual bool strikes(SimProcess& process, std::string_view call, CallPhase phase) = 0;
};

class SimProcess {
 public:
  SimProcess(SimWorld& world, int host, std::string name);
  ~SimProcess();
  SimProcess(const SimProcess&) = delete;
  SimProcess& operator=(const SimProcess&) = delete;

  SimWorld& world() { return world_; }
  SimHost& host() { return world_.host(host_); }
  int host_id() const { return host_; }
  std::uint64_t id() const { return id_; }
  const std::string& name() const { return name_; }
  Executor executor();

  // What lives in the process (engine, ports). Destroyed with it, after its coroutines that wait in the simulator.
  void own(std::shared_ptr<void> part) { parts_.push_back(std::move(part)); }
  void spawn(Task<void> task);
  void post(std::function<void()> work);

  Task<void> sleep_until(SimTime when);
  Task<void> sleep_for(Duration d) { return sleep_until(world_.now() + d); }
  // True when notified, false at `until`.
  Task<bool> wait(SimSignal& signal, SimTime until);

  // Every fake calls this before its effect and before its answer.
  Task<void> point(std::string_view call, CallPhase phase);
  void set_kill_switch(KillSwitch* kill_switch) { kill_switch_ = kill_switch; }

  // Dies as soon as the present handler returns; on_doom of the owner then destroys it.
  void doom();
  bool doomed() const { return doomed_; }
  void set_on_doom(std::function<void()> on_doom) { on_doom_ = std::move(on_doom); }
  // Called after handlers ran.
  void set_on_drain(std::function<void()> on_drain) { on_drain_ = std::move(on_drain); }
  // SIGSTOP and SIGCONT.
  void freeze() { frozen_ = true; }
  void thaw();
  bool frozen() const { return frozen_; }

  void drain();            // runs what is ready; called by the world
  void on_clock_change();  // alarms of the host's clock look again
  SimAlarms& alarms() { return alarms_; }

 private:
  friend class SimSignal;
  struct Waiter;
  struct Io;
  Task<bool> suspend(SimSignal* signal, SimTime until);
  void complete(std::uint64_t waiter, bool timed_out, bool cancelled);

  SimWorld& world_;
  int host_;
  std::string name_;
  std::uint64_t id_;
  std::unique_ptr<Io> io_;
  std::map<std::uint64_t, Waiter> waiters_;
  std::uint64_t next_waiter_ = 1;
  std::vector<std::shared_ptr<void>> parts_;
  KillSwitch* kill_switch_ = nullptr;
  std::function<void()> on_doom_;
  std::function<void()> on_drain_;
  SimAlarms alarms_;
  bool doomed_ = false;
  bool frozen_ = false;
};

}  // namespace tamada::sim
