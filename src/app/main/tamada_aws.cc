// tamada-aws, also patroni_aws.
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "helpers/aws_callback.h"

namespace {

constexpr const char* kUsage =
    "usage: tamada-aws ACTION ROLE CLUSTER\n"
    "\n"
    "Writes role and cluster of a member into the tags of its EC2 instance and EBS volumes.\n"
    "Called by the daemon as a callback.\n"
    "\n"
    "  ACTION                    on_start, on_stop or on_role_change\n"
    "  ROLE                      the member's role\n"
    "  CLUSTER                   its cluster\n"
    "  -h, --help                show this and end\n";

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  if (argc == 2 && (std::string_view(argv[1]) == "-h" || std::string_view(argv[1]) == "--help")) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  tamada::HelperWorld world("aws");
  return tamada::run_aws_callback(world, std::vector<std::string>(argv + 1, argv + argc), [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  });
}
