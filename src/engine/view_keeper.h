// Keeps the latest view of the cluster and knows how far it can be believed (safety.md 4). Engine thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/async.h"
#include "base/log.h"
#include "core/observation.h"
#include "model/settings.h"
#include "ports/clock.h"
#include "ports/store.h"

namespace tamada {

class ViewKeeper final : public StoreListener {
 public:
  // `on_change` runs when something changed that a decision may depend on (safety.md 5.5), the reach included.
  ViewKeeper(Executor executor, Clock& clock, Store& store, Logger log, std::function<void()> on_change);

  void start();  // the watch and the refresher
  Task<void> stop();
  void update_settings(const DynamicSettings& settings) { settings_ = settings; }

  // A linearizable read now; on success the view is fresh.
  Task<Result<void>> load(Instant deadline);
  // A stall, a clock jump, an unanswered write: what is known may be old. Starts a load.
  void doubt(const std::string& why);

  StoreReach reach() const;
  // When the reach will change by the mere passing of time; kNever when it will not.
  Instant next_change() const;
  std::shared_ptr<const ClusterView> view() const { return view_; }
  std::optional<WallTime> last_seen() const { return last_seen_; }
  Instant last_seen_at() const { return last_seen_at_; }
  // When the leader key or /status was first seen as the view has them.
  std::optional<Instant> leader_sign_at() const { return leader_sign_at_; }

  void on_view(ClusterView view) override;
  void on_watch_lost(const Error& why) override;

 private:
  Task<void> refresh();
  void adopt(ClusterView view, bool settles_doubt);
  void raise_doubt(const std::string& why, bool of_watch);

  Clock& clock_;
  Store& store_;
  Logger log_;
  std::function<void()> on_change_;
  DynamicSettings settings_;
  TaskScope tasks_;
  AsyncEvent wake_;
  std::shared_ptr<const ClusterView> view_;
  std::optional<WallTime> last_seen_;
  Instant last_seen_at_ = kLongAgo;
  std::optional<Instant> leader_sign_at_;
  bool watch_fed_ = false;
  bool doubted_ = true;
  bool doubted_for_watch_ = false;        // only because the watch was lost: its next view settles that
  std::uint64_t doubts_ = 0;              // raised so far; an answer settles those that its request came after
  Instant fresh_until_ = kLongAgo;        // without the watch
  std::optional<Instant> failing_since_;  // first request without an answer since the last answer
  int failures_ = 0;
};

// Does the difference concern a decision? Own writes, positions and the status key do not.
bool decision_relevant(const ClusterView& before, const ClusterView& after);

}  // namespace tamada
