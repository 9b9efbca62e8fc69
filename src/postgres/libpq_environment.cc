#include "postgres/libpq_environment.h"

#include <array>
#include <cstdlib>
#include <memory>

#include <libpq-fe.h>

namespace tamada {

std::vector<std::string> isolate_from_libpq_environment() {
  std::vector<std::string> removed;
  auto drop = [&](const char* name) {
    if (std::getenv(name) == nullptr) return;
    removed.emplace_back(name);
    unsetenv(name);
  };
  // Those without a connection parameter of their own; the others libpq lists itself.
  for (const char* name : {"PGSERVICEFILE", "PGSYSCONFDIR", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGREQUIRESSL"})
    drop(name);
  auto free_options = [](PQconninfoOption* options) { PQconninfoFree(options); };
  std::unique_ptr<PQconninfoOption, decltype(free_options)> options(PQconndefaults(), free_options);
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->envvar != nullptr) drop(option->envvar);
  }
  return removed;
}

}  // namespace tamada
