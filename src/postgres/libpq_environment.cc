#include "postgres/libpq_environment.h"

#include <cstdlib>
#include <memory>

#include <libpq-fe.h>

namespace tamada {

std::vector<std::string> libpq_variables() {
  // Those without a connection parameter of their own; the others libpq lists itself, each version its own.
  std::vector<std::string> names = {"PGSERVICEFILE", "PGSYSCONFDIR", "PGDATESTYLE", "PGTZ", "PGGEQO", "PGREQUIRESSL"};
  auto free_options = [](PQconninfoOption* options) { PQconninfoFree(options); };
  char* problem = nullptr;
  // An empty string is parsed without a look at the environment or at a service file.
  std::unique_ptr<PQconninfoOption, decltype(free_options)> options(PQconninfoParse("", &problem), free_options);
  PQfreemem(problem);
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->envvar != nullptr) names.emplace_back(option->envvar);
  }
  return names;
}

std::vector<std::string> isolate_from_libpq_environment() {
  std::vector<std::string> removed;
  for (const std::string& name : libpq_variables()) {
    if (std::getenv(name.c_str()) == nullptr) continue;
    removed.push_back(name);
    unsetenv(name.c_str());
  }
  return removed;
}

}  // namespace tamada
