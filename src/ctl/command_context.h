// What every command works with. One object for the process; commands are plain functions on one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "ctl/console.h"
#include "ctl/local_loop.h"
#include "ctl/programs.h"
#include "model/settings.h"
#include "net/http.h"
#include "ports/clock.h"
#include "ports/store.h"
#include "store/common/opened_store.h"

namespace tamada::ctl {

// Makes the store client of the cluster that settings.scope names.
using StoreFactory = std::function<Result<OpenedStore>(const Settings&)>;

struct CommandContext {
  Console& console;
  LocalLoop& loop;
  Clock& clock;
  Random& random;
  HttpTransport& http;
  Programs& programs;
  Logger log;
  StoreFactory make_store;
  Settings settings;
  std::string program = "tamadactl";
  int exit_code = 0;  // of success, for commands whose exit code is a result (doctor)

  Compatibility level() const { return settings.compatibility; }
};

// One cluster's keys. The store client is made with the first call.
class ClusterAccess {
 public:
  ClusterAccess(CommandContext& context, std::string cluster);
  ~ClusterAccess();

  const std::string& name() const { return name_; }
  Result<ClusterView> load();
  // Error Conflict when the condition did not hold, Unavailable when it is not known whether it was written.
  Result<std::int64_t> write(StoreWrite request);
  Result<void> remove();

 private:
  Result<Store*> store();
  Instant deadline() const;

  CommandContext& context_;
  std::string name_;
  OpenedStore store_;
};

// The named cluster, or the configured one; Error Invalid when there is neither.
Result<std::string> cluster_or_default(const CommandContext& context, const std::vector<std::string>& names);

// "<date> <time>", local time. `fraction` adds five digits, as operation lines have.
std::string local_time_text(WallTime time, bool fraction);

// Prints the member table of a fresh view.
Result<void> print_members(CommandContext& context, ClusterAccess& cluster);

}  // namespace tamada::ctl
