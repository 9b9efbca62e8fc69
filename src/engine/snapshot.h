// The immutable picture that REST and the log read (design.md 4). Made by the engine after every change; readers on
// other threads hold a shared_ptr and never wait for the engine.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "core/health_judgement.h"
#include "core/plan.h"
#include "engine/decision_ring.h"
#include "engine/slot_report.h"
#include "engine/sync_report.h"
#include "model/cluster_view.h"
#include "model/postgres_status.h"
#include "model/settings.h"
#include "ports/clone_progress.h"

namespace tamada {

struct EventHistory;  // engine/event_feed.h

struct Snapshot {
  std::shared_ptr<const Settings> settings;
  std::shared_ptr<const ClusterView> view;  // last successful read; null before the first and ttl after the last
  PostgresStatus postgres;
  Role role = Role::Unknown;         // as published
  PgState state = PgState::Unknown;  // as published
  std::string state_text;            // in the words of the compatibility level
  // The lock is confirmed while now < lock_valid_until (by the clock, not by somebody's update).
  Instant lock_valid_until = kLongAgo;
  bool paused = false;
  bool failsafe_active = false;                 // the failsafe promise of this member, given or received, still holds
  std::map<std::string, std::string> failsafe;  // the /failsafe map as last read, also when the view is too old to show
  bool watchdog_failed = false;
  HealthReport health;
  HealthVerdict health_verdict;  // when the snapshot was made
  bool pending_restart = false;
  json::object pending_restart_reason;
  WallTime dcs_last_seen{};
  Timeline leader_timeline;
  RunningProcedure procedure;
  std::shared_ptr<const CloneProgress> clone;  // read at any time; may be null
  Explanation explanation;                     // of the present cycle
  std::string status;                          // its status line
  PlanKind plan = PlanKind::Keep;
  std::shared_ptr<const DecisionHistory> decisions;  // of this run; null before the first
  std::shared_ptr<const EventHistory> events;        // of this run; null before the second snapshot
  Instant loop_ran_at = kLongAgo;                    // liveness
  Member own_member;                                 // as published
  bool promoting = false;                            // PostgreSQL may leave recovery at any moment
  bool standby = false;  // PostgreSQL here runs or starts in recovery and stays there, whether it answers or not
  SyncReport sync;
  SlotReport slots;
  bool receiver_stopped = false;
  bool upstream_alive = false;
  Duration longest_handler{0};  // of the engine thread, since the last snapshot

  bool sick() const { return health_verdict.sick(); }
};

}  // namespace tamada
