// The daemon as PID 1 of a container (A20, cli.md 6.3): the first process stays behind as a minimal init that reaps
// every zombie and forwards signals; the daemon goes on in a child. Called first thing in main, before any thread or
// file.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace tamada {

// Called with "Reaped pid=<pid>, exit status=<status>" for each zombie that is not the daemon itself.
using ReapReport = std::function<void(const std::string& line)>;

// nullopt: go on as the daemon (this is the child, or we are not PID 1). A number: this was the init and the daemon has
// ended; leave main with it (always 0, as containers expect of the original).
std::optional<int> become_init_if_first_process(const ReapReport& report);

// The same whatever our pid is; for tests.
std::optional<int> become_init(const ReapReport& report);

}  // namespace tamada
