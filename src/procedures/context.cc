#include "procedures/context.h"

namespace tamada {

void ProcedureContext::callback(Callbacks::Event event, Role role) {
  using enum Callbacks::Event;
  const bool tells_role = event == OnStart || event == OnRestart || event == OnRoleChange;
  if (tells_role && told_role == Role::Primary && role != Role::Primary) event = OnRoleChange;
  if (tells_role) told_role = role;
  callbacks.call(event, role);
  report({.kind = Event::Kind::CallbackRan});
}

void ProcedureContext::tell_standby_role(Role role) {
  const auto standby = [](Role r) { return r == Role::Replica || r == Role::StandbyLeader; };
  if (!told_role || *told_role == role || !standby(*told_role) || !standby(role)) return;
  callback(Callbacks::Event::OnRoleChange, role);
}

}  // namespace tamada
