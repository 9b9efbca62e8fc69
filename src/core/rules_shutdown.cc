#include "core/rules_common.h"

namespace tamada {

using namespace fact;

Situation shutdown_rules() {
  return {.name = "shutting down",
          .about = "The daemon was told to end; the engine stops PostgreSQL and then gives the lock back.",
          .entered_when = {{is(ShuttingDown::Yes)}},
          .rules = {
              {.id = "SD-01",
               .when = {},
               .then = {.hold = true},
               .status = "shutting down",
               .because = "the daemon ends; the lock is kept until PostgreSQL is stopped"},
          }};
}

}  // namespace tamada
