// Keeps the replication slots of this member as core/slots_plan.h wants them: makes, drops and moves them, finds out
// which logical slots are to be copied from the leader, and whether a promotion would lose changes of theirs. Decides
// nothing else; PostgreSQL is never stopped here. Engine thread only.
//
// What may take long - moving logical slots on, which reads WAL, and making them, which waits for transactions - runs
// beside the looks, one at a time.
//
// A logical slot on a standby is *sound* when the catalog rows and the WAL that it needs are proven to be there. What
// is sound is put on record before it counts, and taken off before a slot is touched, so that a promotion never relies
// on a proof that is over, whenever this process ends.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/async.h"
#include "engine/state.h"
#include "procedures/context.h"

namespace tamada {

class SlotKeeper {
 public:
  SlotKeeper(Executor executor, EngineState& state, ProcedureContext& context);

  using View = std::shared_ptr<const ClusterView>;
  // One look and what follows from it. `only_move`: the store is away (Chore::MoveSlots).
  Task<void> look(View view, bool only_move);
  // The offered slots are being copied; the next offer comes later.
  void copying();
  // It was given up before anything was stopped.
  void not_copied();
  Task<void> stop() { co_await slow_.stop(); }

 private:
  SlotsSide side() const;
  void report(const View& view, const SlotsSide& side, const std::vector<SlotInfo>& existing);
  void tell_kept_wal(const SlotReport::Line& line);
  void warn_once(const std::vector<std::string>& warnings);
  Task<void> drop(const SlotsPlan& plan, Instant deadline);
  Task<void> create(const SlotsPlan& plan, Instant deadline);
  Task<void> advance_physical(const SlotsPlan& plan, Instant deadline);
  void advance_logical(const SlotsPlan& plan, const std::vector<SlotInfo>& existing);
  void create_logical(const SlotsPlan& plan);
  Task<void> create_one(PermanentSlot slot);
  Task<void> advance_one(SlotsPlan::Advance slot);
  void tell_trouble(const Error& error);
  void in_background(Task<void> task);
  void offer_copies(const View& view, const SlotsPlan& plan, const std::vector<SlotInfo>& existing);
  bool can_hold(const std::vector<PermanentSlot>& copies, std::size_t existing);

  // Soundness
  Task<void> load_sound();
  Task<bool> set_sound(SoundSlots sound);
  Task<void> look_as_standby(View view, std::vector<SlotInfo> existing);
  Task<void> prove(View view, std::vector<SlotInfo> logical);
  Task<void> look_as_primary(std::vector<SlotInfo> existing);
  Task<std::optional<Lsn>> fork_point();
  void remember_positions();
  void report_gap(const std::string& slot, std::string why);
  std::vector<SlotInfo> permanent_logical(const std::vector<SlotInfo>& existing) const;

  EngineState& state_;
  ProcedureContext& context_;
  TaskScope slow_;
  TaskScope::Id slow_id_ = 0;
  bool slow_busy_ = false;
  bool was_primary_ = false;
  std::set<std::string> told_;                   // warnings that stand
  std::map<std::string, std::string> wal_told_;  // slot -> wal_status that was warned of
  std::set<std::string> moved_;                  // logical slots whose WAL was read from their restart position on
  std::set<std::string> broken_;                 // logical slots whose WAL turned out to be gone
  struct Proof {
    CatalogProof catalog;
    Instant at = kLongAgo;
  };
  std::map<std::string, Proof> proofs_;
  bool sound_loaded_ = false;
  bool sound_on_record_ = false;  // there was a record; without one nothing is doubted
  bool proven_here_ = false;      // by this process, under the leader of sound_
  SoundSlots sound_;
  std::optional<LockGeneration> assessed_;  // the lock under which a promotion's slots were looked at
  // Where the slots stood last: as another leader published them, or as they were here.
  SlotPositions published_;
  bool published_by_other_ = false;
  Instant copied_at_ = kLongAgo;
  int copies_ = 0;
};

}  // namespace tamada
