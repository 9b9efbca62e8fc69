#include "base/version.h"

namespace tamada {

std::string_view own_version() {
  return TAMADA_VERSION;
}

}  // namespace tamada
