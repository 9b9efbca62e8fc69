#include "host/heartbeat_filter.h"

#include <utility>

namespace tamada {

std::vector<LogRecord> HeartbeatFilter::pass(LogRecord record, bool reduce, bool deduplicate) {
  std::vector<LogRecord> out;
  const bool quiet = record.text.starts_with("no action. ") || record.text.starts_with("PAUSE: no action");
  if (held_) {
    LogRecord held = std::move(*held_);
    held_.reset();
    if (!(reduce && quiet)) out.push_back(std::move(held));
  }
  if (reduce && record.text.starts_with("Lock owner: ")) {
    held_ = std::move(record);
    return out;
  }
  if (quiet && deduplicate && record.text == last_heartbeat_) return out;
  last_heartbeat_ = quiet ? record.text : std::string();
  out.push_back(std::move(record));
  return out;
}

std::optional<LogRecord> HeartbeatFilter::take_held() {
  return std::exchange(held_, std::nullopt);
}

}  // namespace tamada
