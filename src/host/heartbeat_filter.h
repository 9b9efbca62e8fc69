// One line for each heartbeat (configuration.md 5.4): a line "Lock owner: ..." is held back and dropped when the next
// one says that nothing was done; with deduplication a heartbeat line equal to the previous one is dropped too. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "host/log_format.h"

namespace tamada {

class HeartbeatFilter {
 public:
  // What to write now, in order.
  std::vector<LogRecord> pass(LogRecord record, bool reduce, bool deduplicate);
  // What is held back, when nothing follows.
  std::optional<LogRecord> take_held();

 private:
  std::optional<LogRecord> held_;
  std::string last_heartbeat_;
};

}  // namespace tamada
