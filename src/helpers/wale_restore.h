// tamada-wale-restore (patroni_wale_restore): a replica method that restores WAL-E's latest base backup when that is
// worth it: not when so much WAL has been written since that copying the source is quicker (ha_behaviour.md 6.6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "helpers/helper_world.h"
#include "helpers/wale_backup_list.h"

namespace tamada {

// Exit codes.
constexpr int kWaleRestored = 0;
constexpr int kWaleTemporary = 1;
constexpr int kWalePermanent = 2;

struct WaleOptions {
  std::string scope;
  std::string role;
  std::string datadir;
  std::string connstring;  // empty = there is no source
  int retries = 1;
  std::string envdir;
  std::int64_t threshold_megabytes = 10240;
  std::int64_t threshold_backup_size_percentage = 30;
  bool use_iam = false;
  bool no_leader = false;  // the backup is used even when the source cannot be asked
};

// `words`: without the program's name, "--key=value" or "--key value". Options of other names are passed over: a
// method's whole section is handed to its command.
Result<WaleOptions> parse_wale_options(const std::vector<std::string>& words);

// Is the backup near enough to a source whose WAL is `behind` bytes further?
bool wale_worth_it(const WaleOptions& options, const WaleBackup& backup, std::int64_t behind);

// Everything, with its retries; the exit code.
int restore_from_wale(HelperWorld& world, const WaleOptions& options);

}  // namespace tamada
