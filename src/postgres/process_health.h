// Are the processes that all of PostgreSQL depends on able to run? Blocking: on a pool thread.
#pragma once

#include <string>
#include <string_view>

#include "model/postgres_status.h"

namespace tamada {

// "the checkpointer (process 4711) is stopped by a signal"; empty when none is, or the postmaster is gone. A process
// that a debugger holds is not meant.
std::string stopped_processes(PostmasterId postmaster);

// The part that a process of PostgreSQL plays, by its title: "postgres: demo: checkpointer" is the checkpointer. Empty
// for sessions and for those that the others can do without for a while.
std::string_view vital_part(std::string_view title);

}  // namespace tamada
