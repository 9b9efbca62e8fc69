// tamada-wale-restore, also patroni_wale_restore.
#include <signal.h>

#include <fmt/format.h>

#include "helpers/wale_restore.h"

namespace {

constexpr const char* kUsage =
    "usage: tamada-wale-restore --scope NAME --datadir DIR --connstring CONNINFO --envdir DIR [options]\n"
    "\n"
    "Makes a replica's data directory from the last backup of WAL-E, where that is quicker than a copy of the source.\n"
    "Called by the daemon as a replica method.\n"
    "\n"
    "  --scope NAME                              the cluster\n"
    "  --datadir DIR                             the data directory to make\n"
    "  --connstring CONNINFO                     the source; empty: there is none\n"
    "  --envdir DIR                              WAL-E's environment, a folder for envdir\n"
    "  --retries N                               how often what may pass is tried again (1)\n"
    "  --threshold_megabytes N                   the source may have written less than this since the backup (10240)\n"
    "  --threshold_backup_size_percentage N      and less than this share of the backup's size (30)\n"
    "  --use_iam 0|1                             passes --aws-instance-profile to WAL-E (0)\n"
    "  --no_leader 0|1                           a source that cannot be asked is no obstacle (0)\n"
    "  -h, --help                                show this and end\n";

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  if (argc == 2 && (std::string_view(argv[1]) == "-h" || std::string_view(argv[1]) == "--help")) {
    fmt::print("{}", kUsage);
    return 0;
  }
  const auto options = tamada::parse_wale_options(std::vector<std::string>(argv + 1, argv + argc));
  if (!options) {
    fmt::print(stderr, "tamada-wale-restore: error: {}\n", options.error().text());
    return tamada::kWalePermanent;
  }
  tamada::HelperWorld world("wale-restore");
  return tamada::restore_from_wale(world, *options);
}
