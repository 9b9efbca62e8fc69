// Server-sent events (text/event-stream) cut out of the bytes of an answer. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tamada::ctl {

struct SentEvent {
  std::string id;  // the last one that was sent; empty before
  std::string kind = "message";
  std::string data;
  bool operator==(const SentEvent&) const = default;
};

class EventReader {
 public:
  // A line that grows beyond this is cut off: nobody who sends that is a member.
  static constexpr std::size_t kLongestLine = 1024 * 1024;

  // The events that are complete with these bytes.
  std::vector<SentEvent> feed(std::string_view bytes);
  // To resume from, in Last-Event-ID.
  const std::string& last_id() const { return next_.id; }

 private:
  void take_line(std::string_view line, std::vector<SentEvent>& out);

  std::string line_;  // not yet ended
  bool after_return_ = false;
  bool has_data_ = false;
  SentEvent next_;
};

}  // namespace tamada::ctl
