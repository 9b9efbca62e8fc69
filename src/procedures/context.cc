#include "procedures/context.h"

namespace tamada {

void ProcedureContext::callback(Callbacks::Event event, Role role) {
  using enum Callbacks::Event;
  const bool tells_role = event == OnStart || event == OnRestart || event == OnRoleChange;
  if (tells_role && told_role == Role::Primary && role == Role::Replica) event = OnRoleChange;
  if (tells_role) told_role = role;
  callbacks.call(event, role);
  report({.kind = Event::Kind::CallbackRan});
}

}  // namespace tamada
