// The engine's inside: the loop and what it is put together from. Each part has a file of its own; this one only ties
// them.
//
//   observe  -> ViewKeeper (store), PostgresServer::observe, peers in a race, requests
//   decide   -> core/plan.h
//   act      -> PlanRunner: chores at once, procedures in the background
//   publish  -> Snapshot for REST, MemberPublisher for the store
#pragma once

#include <atomic>

#include "engine/chores.h"
#include "engine/decision_ring.h"
#include "engine/engine.h"
#include "engine/event_feed.h"
#include "engine/failsafe.h"
#include "engine/fence.h"
#include "engine/health_keeper.h"
#include "engine/lock_keeper.h"
#include "engine/member_publisher.h"
#include "engine/operator_requests.h"
#include "engine/procedure_runner.h"
#include "engine/promise.h"
#include "engine/restart_schedule.h"
#include "engine/shared_question.h"
#include "engine/state.h"
#include "engine/status_log.h"
#include "engine/store_mark.h"
#include "engine/sync_keeper.h"
#include "engine/timeline_origin.h"
#include "engine/view_keeper.h"
#include "procedures/context.h"

namespace tamada {

struct Engine::Impl {
  Impl(Executor executor, EnginePorts ports, Logger log);

  Task<int> run(std::function<Result<void>()> on_ready);
  std::shared_ptr<const Snapshot> snapshot() const { return snapshot_.load(); }
  void submit(OperatorRequest request, std::function<void(OperatorReply)> done);
  Instant now() const { return state_.ports.clock.now(); }

 private:
  using Done = std::function<void(OperatorReply)>;
  struct Pending {
    Done done;
    Instant asked_at = kLongAgo;
  };

  // start (engine_start.cc)
  Task<void> first_view();
  Task<std::optional<std::string>> refuse_namesake();
  Task<void> take_over_running_postgres(bool managed);
  Task<void> finish_interrupted_work();
  // What a step that was cut short, by a crash or a cancellation, left of the data directory.
  void look_for_unfinished_work();

  // loop (engine_loop.cc)
  Task<void> loop();
  Task<void> cycle();
  Task<void> look_at_postgres(bool with_query);
  Observation observe() const;
  std::optional<bool> follow_differs() const;
  bool follows_leader() const;
  bool answers_all(const std::optional<PeerSurvey>& survey) const;
  void decide_again(const std::optional<PeerSurvey>& survey);
  bool has_patroni_peers(const ClusterView& view) const;
  void apply_view_settings();
  Task<void> disarm_needless_watchdog();
  void tell_role();
  Instant next_wake() const;
  void wake() { wake_.set(); }
  void report(const Event& event);
  void note_decision();
  void publish_snapshot();
  Member own_member() const;
  std::optional<StatusDocument> status_due() const;
  std::optional<SlotPositions> slot_positions() const;
  void look_at_feedback();
  void configure_server();
  static Settings with_cluster_demands(Settings settings, bool feedback);

  // act (engine_act.cc)
  Task<bool> act();  // true = look again at once
  Task<std::optional<PeerSurvey>> survey();
  Task<void> acquire_lock();
  std::optional<AcquireRequest> retake_request(const LockGeneration& vanished) const;
  void start_procedure();
  void procedure_ended(Result<void> result, Done done);
  void answer_refused_requests();
  bool waited_too_long(const RestartRequest& request, Instant asked_at) const;
  Task<int> finish();

  // requests (engine_requests.cc)
  void take_request(OperatorRequest request, Done done);
  Task<OperatorReply> look_for_askers();
  Task<OperatorReply> load_for_askers();
  Task<void> reload(Done done);
  Task<void> answer_settings(SettingsQuestion question, Done done);
  void settings_changed(std::shared_ptr<const Settings> settings, bool force_reload);
  Task<void> apply_to_postgres(bool force);

  class Listener final : public PostgresListener {
   public:
    explicit Listener(Impl& impl) : impl_(impl) {}
    void on_postmaster_exit() override;

   private:
    Impl& impl_;
  };

  Executor executor_;
  EngineState state_;
  AsyncEvent wake_;
  TaskScope tasks_;
  ViewKeeper views_;
  TimelineOrigin origin_;
  StoreMarkKeeper store_mark_;
  LockKeeper lock_;
  ProcedureRunner runner_;
  ProcedureContext context_;
  MemberPublisher member_;
  Chores chores_;
  SyncKeeper sync_;
  Fence fence_;
  PromiseKeeper promise_;
  Failsafe failsafe_;
  HealthKeeper health_;
  OperatorRequests requests_;
  RestartSchedule restart_schedule_;
  SharedQuestion status_;
  SharedQuestion fresh_view_;
  Listener listener_;
  StatusLog status_log_;
  DecisionRing decisions_;
  std::uint64_t decision_ = 0;  // the present one's entry
  EventFeed events_;
  std::atomic<std::shared_ptr<const Snapshot>> snapshot_;

  std::optional<std::pair<RestartRequest, Pending>> restart_;
  std::optional<std::pair<ReinitializeRequest, Pending>> reinitialize_;
  std::optional<int> exit_code_;
  bool stop_postgres_at_exit_ = false;
  bool exiting_ = false;
  bool interrupted_bootstrap_checked_ = false;
  bool validity_guessed_ = false;
  bool watchdog_left_over_ = false;  // the run before this one led, and may have left it armed
  Instant last_cycle_ = kLongAgo;
  std::int64_t config_revision_ = -1;
  bool peer_minima_ = false;
  std::shared_ptr<const Member> last_member_;
};

}  // namespace tamada
