// Equal timelines do not prove equal history: two members may promote themselves to one number (safety.md M5, 2.3).
// Whoever promotes himself gives the new timeline an origin, a text that no other promotion has, notes it before the
// deed and publishes it in his member key; whoever follows him notes it as well. A leader whose timeline has our number
// and another origin is not where our WAL comes from.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/task.h"
#include "engine/state.h"
#include "model/cluster_view.h"

namespace tamada {

class TimelineOrigin {
 public:
  explicit TimelineOrigin(EngineState& state) : state_(state) {}

  // A procedure may have written or removed the note.
  void changed() { stale_ = true; }
  // Reads the note when it may have changed, and keeps it when a standby is on the timeline of a leader that it follows
  // for the first time; a note of an own promotion that was not done ends when the standby streams again. What cannot
  // be read or written is logged and tried again.
  Task<void> refresh(std::shared_ptr<const ClusterView> view, bool follows_leader);
  // At the start: the run before this one noted a promotion that is not done; PostgreSQL may have been asked for it.
  Task<bool> promotion_unfinished();
  // Another member is primary on a timeline that has our number, but not our origin. Its key must say primary: while it
  // is still being promoted it shows the timeline that it comes from.
  bool differs(const ClusterView* view) const;
  // For our member key: of the timeline on which we are primary; empty = unknown.
  std::string published() const;

 private:
  const Member* other_primary(const ClusterView* view) const;
  Task<void> load();
  bool done() const;
  Task<void> keep(std::optional<PromotionNote> note);

  EngineState& state_;
  std::optional<PromotionNote> note_;
  bool stale_ = true;
};

}  // namespace tamada
