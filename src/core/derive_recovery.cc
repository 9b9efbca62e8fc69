#include "core/derive_groups.h"

namespace tamada {

using namespace fact;

namespace {

fact::StartBudget start_budget(const DerivationInput& in) {
  const Memory& m = in.memory;
  const auto timeout = m.start_timeout.value_or(in.settings.dynamic.primary_start_timeout);
  if (timeout == 0s) return StartBudget::Zero;
  const auto since = start_budget_since(m);
  if (!since || in.now < *since + timeout) return StartBudget::Left;
  return StartBudget::Spent;
}

fact::History history(const DerivationInput& in) {
  const Memory& m = in.memory;
  if (in.observation.other_timeline_origin) return History::Diverged;
  switch (m.rewind) {
    case RewindState::Initial:
    case RewindState::Checkpoint:
    case RewindState::NotNeed:
      return History::Fits;
    case RewindState::Check: {
      const bool lately = m.inconclusive_at && in.now < *m.inconclusive_at + in.settings.dynamic.loop_wait;
      return lately ? History::Inconclusive : History::NotCompared;
    }
    case RewindState::Need:
      return History::Diverged;
    case RewindState::Success:
      return History::Repaired;
    case RewindState::Failed:
      return History::RepairFailed;
  }
  return History::Unknown;
}

// pg_rewind refuses equal timelines, so what this member promoted itself to needs a clone (safety.md 2.3).
fact::Repair repair(const DerivationInput& in) {
  const auto& p = in.settings.postgresql;
  const bool failed = in.memory.rewind == RewindState::Failed;
  const bool clone = !in.settings.dynamic.standby_cluster && (p.remove_data_directory_on_diverged_timelines ||
                                                              (failed && p.remove_data_directory_on_rewind_failure));
  if (in.observation.other_timeline_origin || failed || !in.observation.can_rewind) {
    return clone ? Repair::Clone : Repair::NotAllowed;
  }
  return Repair::Rewind;
}

}  // namespace

void derive_recovery(const DerivationInput& in, Facts& f) {
  const Memory& m = in.memory;
  f.set(m.last_start_failed ? LastStart::Failed : LastStart::Good);
  f.set(in.now < m.no_restart.until ? BackOff::Yes : BackOff::No);
  f.set(start_budget(in));
  f.set(m.crash_recovery_tried ? CrashRecovery::Tried : CrashRecovery::NotTried);
  f.set(history(in));
  f.set(repair(in));
  f.set(in.observation.slots_to_copy.empty() ? SlotsToCopy::No : SlotsToCopy::Yes);
}

std::optional<Instant> start_budget_since(const Memory& m) {
  const bool ordered = m.start_timeout && m.starting_since;
  return m.primary_failed_at && !ordered ? m.primary_failed_at : m.starting_since;
}

}  // namespace tamada
