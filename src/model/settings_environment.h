// PATRONI_* and TAMADA_* variables to a document (configuration.md 1.4, 2.17). Part of model/settings_load.h.
#pragma once

#include "model/settings_load.h"

namespace tamada {

struct EnvironmentDocument {
  json::object document;
  Origins origins;
  std::vector<std::string> warnings;
};

// `file` decides what makes sense only beside a section that is there (credentials of a store). With `only_own` just
// TAMADA_* variables count.
EnvironmentDocument read_environment(const SettingsVariables& environment, const json::object& file, bool only_own);

}  // namespace tamada
