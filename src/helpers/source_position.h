// Where the WAL of a server is: asked over libpq with the environment as it is (PGPASSFILE), which may block.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "model/lsn.h"

namespace tamada {

struct SourcePosition {
  Lsn position;  // written on a primary; on a standby received or replayed, whichever is further
  std::uint32_t segment_bytes = 0;
};

// `connstring`: key=value pairs or a URL. Error Unavailable when the server cannot be asked.
Result<SourcePosition> ask_source_position(const std::string& connstring);

}  // namespace tamada
