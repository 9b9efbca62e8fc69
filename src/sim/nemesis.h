// Carries out a list of fault steps on a cluster: begins each at its time and ends it after its time.
#pragma once

#include <vector>

#include "sim/checkers.h"
#include "sim/cluster.h"
#include "sim/faults.h"

namespace tamada::sim {

class Nemesis {
 public:
  Nemesis(SimCluster& cluster, Checkers& checkers, std::vector<FaultStep> steps)
      : cluster_(cluster), checkers_(checkers), steps_(std::move(steps)) {}
  // Puts the steps with these ids (empty = all) on the world's queue.
  void schedule(const std::vector<int>& only);
  // Nothing begins any more; what runs is ended by SimCluster::heal.
  void stop() { stopped_ = true; }
  int begun() const { return begun_; }

 private:
  void begin(const FaultStep& step);
  void end(const FaultStep& step);
  bool begin_network(const FaultStep& step);
  bool end_network(const FaultStep& step);
  bool begin_process(const FaultStep& step);
  bool end_process(const FaultStep& step);
  bool begin_store(const FaultStep& step);
  bool end_store(const FaultStep& step);
  bool set_postgres(const FaultStep& step, bool on);
  void ask(const FaultStep& step);
  WallTime soon(const FaultStep& step, int member);
  void write_config(int member, std::string_view name, json::value value);
  int any_daemon(int first) const;  // a member whose daemon runs, -1 when there is none
  int leader() const;

  SimCluster& cluster_;
  Checkers& checkers_;
  std::vector<FaultStep> steps_;
  bool stopped_ = false;
  int begun_ = 0;
};

}  // namespace tamada::sim
