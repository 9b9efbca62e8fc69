#include <algorithm>

#include "core/derive_groups.h"
#include "core/follow.h"

namespace tamada {

using namespace fact;

namespace {

fact::CloneSource clone_source_kind(const DerivationInput& in) {
  if (!in.view) return CloneSource::Unknown;
  const Member* source = clone_source(*in.view, in.observation.my_name, 0);
  if (source) return source == in.view->leader_member() ? CloneSource::Leader : CloneSource::Replica;
  return in.settings.dynamic.standby_cluster ? CloneSource::Remote : CloneSource::None;
}

fact::LeaderUsable leader_usable(const DerivationInput& in) {
  if (!in.view) return LeaderUsable::Unknown;
  const Member* leader = in.view->leader_member();
  return leader && !leader->host().empty() ? LeaderUsable::Yes : LeaderUsable::No;
}

fact::Others others(const DerivationInput& in) {
  if (!in.view) return Others::Unknown;
  const auto runs = [&](const Member& m) {
    return m.name != in.observation.my_name && (m.state == PgState::Running || m.role == Role::Primary);
  };
  return std::any_of(in.view->members.begin(), in.view->members.end(), runs) ? Others::Yes : Others::No;
}

}  // namespace

void derive_clone(const DerivationInput& in, Facts& f) {
  f.set(clone_source_kind(in));
  f.set(leader_usable(in));
  f.set(others(in));
  f.set(in.observation.can_clone_without_leader ? CloneAlone::Yes : CloneAlone::No);
  f.set(in.memory.bootstrap_failed ? BootstrapFailed::Yes : BootstrapFailed::No);
  f.set(in.observation.bootstrap_allowed ? BootstrapHere::Yes : BootstrapHere::No);
}

}  // namespace tamada
