// The world reduced to small answers, one for each question an operator would ask. Rule tables (core/rule.h) look at
// nothing else. Every fact has the value Unknown, which is never read as "no" (S6) and is the value of a new Facts.
//
// One list makes the enums, the names and the order; adding a fact is one line here and its answer in derive_facts.cc.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace tamada {

// clang-format off
#define TAMADA_FACTS(X) \
  X(ShuttingDown,   "is the daemon being shut down?", No, Yes) \
  X(Busy,           "is a procedure running?", Idle, Bootstrapping, Promoting, PromotionAsked, Demoting, Stopping, Restarting, Working) \
  X(Store,          "can the view of the store be trusted?", Fresh, Doubtful, Unreachable) \
  X(Paused,         "is the cluster paused?", No, Yes) \
  X(Lock,           "is the leader lock proven ours?", NotHeld, Held, Lost) \
  X(Validity,       "how long is the lock still proven?", Enough, Short, Ending) \
  X(Leader,         "whom does the leader key name?", Nobody, Me, MeNotSeenYet, MeUnproven, Other) \
  X(Reacquire,      "may a lock lost early still be taken again?", NotLost, Open, Tried, Over) \
  X(Failsafe,       "do all members let this primary go on while the store is away?", No, Yes) \
  X(Promise,        "did this member promise another one not to race?", None, Given, Forgotten) \
  X(Asked,          "did this member ask for the lock it holds?", No, Yes) \
  X(LockIdle,       "is the lock held without a primary or a promotion for longer than ttl?", No, Yes) \
  X(Postgres,       "what does PostgreSQL do?", Stopped, Orphans, Starting, Unresponsive, Standby, Primary) \
  X(Writable,       "could PostgreSQL acknowledge a commit?", No, Yes) \
  X(LastRole,       "what was PostgreSQL when it last said so?", Standby, Primary) \
  X(DataDir,        "what is in the data directory?", Empty, Present, Inaccessible) \
  X(Health,         "is PostgreSQL or its storage sick?", Good, Suspect, Sick) \
  X(Unfinished,     "was a step interrupted that leaves the data directory unusable?", Nothing, Bootstrap, Clone, Fill, Rewind) \
  X(SystemId,       "does the data directory belong to the cluster?", Same, Foreign, Invalid, NoneInStore) \
  X(Initialize,     "what does the initialize key hold?", Absent, Empty, Valid, Unusable) \
  X(WentBack,       "was the store wiped or restored, and may a primary run that it does not show?", No, Yes) \
  X(CallbackRan,    "has this process run a start, stop or role callback?", No, Yes) \
  X(StandbyCluster, "is this a standby cluster?", No, Yes) \
  X(Remote,         "does standby_cluster name a server to compare histories with?", No, Yes) \
  X(Order,          "what did an operator order here?", Nothing, Restart, ScheduledRestart, Reinitialize, ForcedReinitialize) \
  X(Request,        "what does the switchover or failover request mean for its lock holder?", None, Awaited, Stale, OtherLeader, NamesMe, NeedsCandidate, NoCandidate, Switchover, Failover, Done) \
  X(Successor,      "could another member take over now?", No, Yes) \
  X(HeldOff,        "is racing held off for a while?", No, Yes) \
  X(LostRace,       "was the lock just refused to us?", No, Yes) \
  X(NoFailover,     "do the tags forbid this member to lead?", No, Yes) \
  X(Watchdog,       "is the watchdog as required?", Usable, Unusable) \
  X(Standing,       "may this member race, before peers are asked?", Clear, Candidate, NotSynchronous, NotInFailsafe, Lagging, OldTimeline, Sick) \
  X(FormerHolder,   "could the last holder of the lock still be writable?", Over, MayLive) \
  X(Receiver,       "as a voter without a leader: may WAL of the old leader still come in?", Free, Cut, Open) \
  X(OldLeader,      "was the old leader heard after the lock vanished?", Quiet, Heard) \
  X(Peers,          "what do the other members say?", NobodyObjects, PrimaryAlive, Ahead, Preferred, Moving, TooFewVotes, CandidateTakesOver, OthersTakeOver) \
  X(OwnTimeline,    "is a newer timeline than ours known?", Current, Old) \
  X(Control,        "what does the control file say of the data directory's last use?", CleanPrimary, CrashedPrimary, Standby) \
  X(RecoveryFiles,  "are recovery settings present?", Absent, Present) \
  X(StoppedBy,      "who stopped PostgreSQL?", Us, NotUs) \
  X(LastStart,      "how did the last start end?", Good, Failed) \
  X(BackOff,        "is the next start attempt held back?", No, Yes) \
  X(StartBudget,    "may the primary still try to start?", Left, Zero, Spent) \
  X(CrashRecovery,  "was single-user crash recovery tried since the last good start?", NotTried, Tried) \
  X(History,        "does our history fit the leader's?", NotCompared, Fits, Diverged, Repaired, RepairFailed, Inconclusive) \
  X(Repair,         "how may a diverged data directory be repaired?", Rewind, Clone, NotAllowed) \
  X(LeaderUsable,   "does the leader publish how to connect to it?", No, Yes) \
  X(Follow,         "do the recovery settings differ from what they should be?", Same, Differs, TooSoon) \
  X(SlotsToCopy,    "does this standby lack logical slots that the leader has?", No, Yes) \
  X(CloneSource,    "is there a member to clone from?", None, Leader, Replica, Remote) \
  X(CloneAlone,     "is there a replica method that needs no leader?", No, Yes) \
  X(BootstrapFailed, "did a bootstrap by this process fail?", No, Yes) \
  X(BootstrapHere,  "may this member bootstrap a new cluster?", No, Yes) \
  X(Others,         "does another member run PostgreSQL?", No, Yes)
// clang-format on

enum class FactId : std::uint8_t {
#define TAMADA_FACT_ID(name, question, ...) name,
  TAMADA_FACTS(TAMADA_FACT_ID)
#undef TAMADA_FACT_ID
};

#define TAMADA_FACT_COUNT(name, question, ...) +1
constexpr std::size_t kFactCount = 0 TAMADA_FACTS(TAMADA_FACT_COUNT);
#undef TAMADA_FACT_COUNT

// enum class Store { Unknown, Fresh, ... } and so on, each knowing which fact it is.
namespace fact {
#define TAMADA_FACT_ENUM(name, question, ...)              \
  enum class name : std::uint8_t { Unknown, __VA_ARGS__ }; \
  constexpr FactId id_of(name) {                           \
    return FactId::name;                                   \
  }
TAMADA_FACTS(TAMADA_FACT_ENUM)
#undef TAMADA_FACT_ENUM
}  // namespace fact

struct FactInfo {
  std::string_view name;
  std::string_view question;
  std::span<const std::string_view> values;  // "Unknown" first
};
const FactInfo& fact_info(FactId id);

// A set of values of one fact, a bit for each.
using ValueSet = std::uint16_t;
inline ValueSet all_values(FactId id) {
  return static_cast<ValueSet>((1u << fact_info(id).values.size()) - 1);
}

class Facts {
 public:
  template <class E>
  E get() const {
    return static_cast<E>(values_[static_cast<std::size_t>(id_of(E{}))]);
  }
  template <class E>
  void set(E value) {
    values_[static_cast<std::size_t>(id_of(value))] = static_cast<std::uint8_t>(value);
  }
  template <class E>
  bool is(E value) const {
    return get<E>() == value;
  }
  std::uint8_t raw(FactId id) const { return values_[static_cast<std::size_t>(id)]; }
  void set_raw(FactId id, std::uint8_t value) { values_[static_cast<std::size_t>(id)] = value; }
  std::string_view value_name(FactId id) const { return fact_info(id).values[raw(id)]; }
  bool operator==(const Facts&) const = default;

 private:
  std::array<std::uint8_t, kFactCount> values_{};
};

}  // namespace tamada
