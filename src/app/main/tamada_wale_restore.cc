// tamada-wale-restore, also patroni_wale_restore.
#include <signal.h>

#include <fmt/format.h>

#include "helpers/wale_restore.h"

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const auto options = tamada::parse_wale_options(std::vector<std::string>(argv + 1, argv + argc));
  if (!options) {
    fmt::print(stderr, "tamada-wale-restore: error: {}\n", options.error().text());
    return tamada::kWalePermanent;
  }
  tamada::HelperWorld world("wale-restore");
  return tamada::restore_from_wale(world, *options);
}
