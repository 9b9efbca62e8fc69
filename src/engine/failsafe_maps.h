// Which /failsafe maps may stand in the store. A member that the stored map names may race, so everybody must be asked
// whom the map that was read, the last one that is known to be written, or one whose writing had no answer names.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/cluster_view.h"

namespace tamada {

class FailsafeMaps {
 public:
  using Map = std::map<std::string, std::string>;

  // Before the write, which must hold only under `generation` and on the revision that was read: so nothing that was
  // sent before can arrive after one that was applied.
  void sent(const LockGeneration& generation, Map map) {
    if (generation != generation_) reset(generation);
    unanswered_.push_back(std::move(map));
  }
  void applied(const LockGeneration& generation, Map map) {
    if (generation != generation_) return;
    confirmed_ = std::move(map);
    unanswered_.clear();
  }
  // This process has written the map under the generation: what others sent before is dead.
  bool confirmed(const LockGeneration& generation) const { return confirmed_ && generation == generation_; }
  // Everybody who has to be asked; nullopt when that is not known, or `me` is not among them.
  std::optional<Map> everybody(const LockGeneration& generation, const ClusterView& view, const std::string& me) const {
    if (!confirmed(generation) || !view.failsafe.contains(me) || !confirmed_->contains(me)) return std::nullopt;
    Map all;
    // The newest address counts.
    for (auto it = unanswered_.rbegin(); it != unanswered_.rend(); ++it) all.insert(it->begin(), it->end());
    all.insert(confirmed_->begin(), confirmed_->end());
    all.insert(view.failsafe.begin(), view.failsafe.end());
    return all;
  }

 private:
  void reset(const LockGeneration& generation) {
    generation_ = generation;
    confirmed_.reset();
    unanswered_.clear();
  }
  LockGeneration generation_;
  std::optional<Map> confirmed_;
  std::vector<Map> unanswered_;
};

}  // namespace tamada
