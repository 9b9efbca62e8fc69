// libpq reads PG* variables for whatever its caller leaves open, and some settings have no neutral value to give
// instead. So the daemon takes them out of its own environment once, before any thread exists (B6).
#pragma once

#include <string>
#include <vector>

namespace tamada {

// The names of all variables that libpq reads: not PGDATA and its like, which are other programs'.
std::vector<std::string> libpq_variables();

// Removes every variable that libpq reads from this process's environment. Returns the names, for one log line: they
// never reach a value. Not thread-safe: call it first thing in main.
std::vector<std::string> isolate_from_libpq_environment();

}  // namespace tamada
