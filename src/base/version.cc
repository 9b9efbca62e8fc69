#include "base/version.h"

namespace tamada {

// Defined for this file alone (src/CMakeLists.txt): a new version compiles one file anew.
std::string_view own_version() {
  return TAMADA_VERSION;
}

}  // namespace tamada
