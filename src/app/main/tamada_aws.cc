// tamada-aws, also patroni_aws.
#include <signal.h>

#include <cstdlib>

#include "helpers/aws_callback.h"

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  tamada::HelperWorld world("aws");
  return tamada::run_aws_callback(world, std::vector<std::string>(argv + 1, argv + argc), [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  });
}
