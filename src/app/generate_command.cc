#include "app/generate_command.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/yaml.h"
#include "host/files.h"
#include "postgres/instance_reader.h"
#include "postgres/own_addresses.h"

namespace tamada {

namespace {

constexpr const char* kHead =
    "# Replace every #FIXME, then: tamada --validate-config FILE\n"
    "# bootstrap.dcs acts only while the cluster is made; afterwards: tamadactl edit-config\n";

Machine this_machine() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  Machine machine{name, name};
  for (const std::string& address : own_addresses()) {
    if (address.find(':') != std::string::npos || address.starts_with("127.")) continue;
    machine.address = address;
    break;
  }
  return machine;
}

int refuse(const Error& error) {
  std::fprintf(stderr, "tamada: %s\n", error.text().c_str());
  return 1;
}

}  // namespace

int run_generate(const GenerateCommand& command) {
  std::error_code ec;
  if (command.path && std::filesystem::exists(*command.path, ec)) {
    return refuse(Error(ErrorCode::Conflict, *command.path + " exists already and is left as it is",
                        "name a file that does not exist"));
  }
  json::object config;
  if (command.sample) {
    config = sample_config(this_machine());
  } else {
    auto instance = read_running_instance(command.dsn);
    if (!instance) return refuse(instance.error());
    config = config_of(*instance, this_machine());
  }
  const std::string text = kHead + to_yaml(json::value(std::move(config)), {.sort_keys = false});
  if (!command.path) {
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  // It may hold a password.
  auto written = write_file_atomic(*command.path, text, 0600);
  return written ? 0 : refuse(written.error());
}

}  // namespace tamada
