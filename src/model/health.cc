#include "model/health.h"

namespace tamada {

std::string_view to_string(HealthCheck check) {
  switch (check) {
    case HealthCheck::Connection:
      return "connection";
    case HealthCheck::Commit:
      return "commit";
    case HealthCheck::Process:
      return "process";
    case HealthCheck::Storage:
      return "storage";
    case HealthCheck::Full:
      return "full";
  }
  return "?";
}

}  // namespace tamada
