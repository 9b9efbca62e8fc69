#include "ctl/event_reader.h"

#include <utility>

namespace tamada::ctl {

std::vector<SentEvent> EventReader::feed(std::string_view bytes) {
  std::vector<SentEvent> out;
  for (const char c : bytes) {
    // A line ends with CR, LF or both.
    const bool second_half = std::exchange(after_return_, c == '\r') && c == '\n';
    if (second_half) continue;
    if (c != '\n' && c != '\r') {
      if (line_.size() < kLongestLine) line_ += c;
      continue;
    }
    take_line(line_, out);
    line_.clear();
  }
  return out;
}

void EventReader::take_line(std::string_view line, std::vector<SentEvent>& out) {
  if (line.empty()) {
    if (has_data_) out.push_back(next_);
    next_ = {.id = next_.id};
    has_data_ = false;
    return;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "id") {
    next_.id = value;
  } else if (field == "event") {
    next_.kind = value;
  } else if (field == "data") {
    if (has_data_) next_.data += '\n';
    next_.data += value;
    has_data_ = true;
  }
}

}  // namespace tamada::ctl
