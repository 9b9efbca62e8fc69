#include "sim/world.h"

#include <algorithm>

#include "base/invariant.h"
#include "sim/process.h"

namespace tamada::sim {

SimWorld::SimWorld(std::uint64_t seed) : random_(seed) {}
SimWorld::~SimWorld() = default;

int SimWorld::add_host(std::string name) {
  auto host = std::make_unique<SimHost>();
  host->id = host_count();
  host->name = std::move(name);
  // Machines have been up for different times, so that nobody mistakes one clock for another.
  host->anchor_host = Instant(random_.between(Duration(1h), Duration(2400h)));
  hosts_.push_back(std::move(host));
  return host_count() - 1;
}

void SimWorld::at(SimTime when, int host, Action action) {
  const std::uint64_t boot = host < 0 ? 0 : this->host(host).boot;
  queue_.push_back(Event{std::max(when, now_), ++sequence_, host, boot, std::move(action)});
  std::push_heap(queue_.begin(), queue_.end(), Later{});
}

void SimWorld::freeze(int id, bool clock_stops) {
  SimHost& h = host(id);
  h.frozen = true;
  if (!clock_stops) return;
  h.move_anchor(now_);
  h.clock_stopped = true;
}

void SimWorld::thaw(int id) {
  SimHost& h = host(id);
  if (!h.frozen) return;
  h.frozen = false;
  auto waiting = std::move(waiting_[id]);
  waiting_.erase(id);
  for (auto& event : waiting) {
    if (event.boot == h.boot) at(now_, id, std::move(event.action));
  }
  if (h.clock_stopped) {
    h.anchor_world = now_;
    h.clock_stopped = false;
    change_clock(id, [](SimHost&) {});
  }
  for (auto& [pid, process] : processes_) {
    if (process->host_id() == id) mark_ready(process);
  }
}

void SimWorld::power_cycle(int id) {
  SimHost& h = host(id);
  ++h.boot;
  h.frozen = false;
  waiting_.erase(id);
  if (h.clock_stopped) {
    h.anchor_world = now_;
    h.clock_stopped = false;
  }
}

void SimWorld::change_clock(int id, std::function<void(SimHost&)> change) {
  SimHost& h = host(id);
  h.move_anchor(now_);
  change(h);
  for (auto& [pid, process] : processes_) {
    if (process->host_id() == id) process->on_clock_change();
  }
}

std::uint64_t SimWorld::add_process(SimProcess* process) {
  processes_.emplace(next_process_, process);
  return next_process_++;
}

void SimWorld::remove_process(std::uint64_t id) {
  processes_.erase(id);
}

SimProcess* SimWorld::process(std::uint64_t id) {
  auto found = processes_.find(id);
  return found == processes_.end() ? nullptr : found->second;
}

void SimWorld::mark_ready(SimProcess* process) {
  if (std::find(ready_.begin(), ready_.end(), process->id()) == ready_.end()) ready_.push_back(process->id());
}

void SimWorld::drain_ready() {
  while (!ready_.empty()) {
    const std::uint64_t id = ready_.front();
    ready_.erase(ready_.begin());
    if (SimProcess* p = process(id)) p->drain();
  }
}

bool SimWorld::step(SimTime until) {
  drain_ready();
  if (queue_.empty() || queue_.front().when > until) return false;
  std::pop_heap(queue_.begin(), queue_.end(), Later{});
  Event event = std::move(queue_.back());
  queue_.pop_back();
  INVARIANT(event.when >= now_);
  now_ = event.when;
  if (event.host >= 0) {
    const SimHost& h = host(event.host);
    if (h.boot != event.boot) return true;
    if (h.frozen) {
      const int id = event.host;
      waiting_[id].push_back(std::move(event));
      return true;
    }
  }
  ++events_run_;
  mix(static_cast<std::uint64_t>(now_.count()) * 31 + static_cast<std::uint64_t>(event.host + 1));
  event.action();
  drain_ready();
  return true;
}

void SimWorld::run_until(SimTime until) {
  while (step(until)) {
  }
  now_ = std::max(now_, until);
}

bool SimWorld::run_until(SimTime until, const std::function<bool()>& done) {
  drain_ready();
  while (!done()) {
    if (!step(until)) {
      now_ = std::max(now_, until);
      return done();
    }
  }
  return true;
}

void SimWorld::mix(std::uint64_t value) {
  hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15ULL;
  hash_ ^= hash_ >> 29;
}

void SimWorld::mix(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  mix(h);
}

void SimWorld::write_trace(std::string_view who, std::string text) {
  trace_sink_(fmt::format("{:>12.6f} {:<8} {}", to_seconds(now_), who, text));
}

}  // namespace tamada::sim
