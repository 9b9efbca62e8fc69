#include "procedures/context.h"

namespace tamada {

void ProcedureContext::callback(Callbacks::Event event, Role role) const {
  callbacks.call(event, role);
  report({.kind = Event::Kind::CallbackRan});
}

}  // namespace tamada
