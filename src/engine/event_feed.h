// What changed on this member and in the cluster as it sees it: found by comparing each snapshot with the one before,
// kept in a bounded ring for GET /events. Listeners have no buffers: each is a place in the ring, so that a slow one
// costs nothing and holds nothing up.
//
// Engine thread only; what shown() returns is immutable and may be read anywhere.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/snapshot.h"

namespace tamada {

struct MemberEvent {
  std::uint64_t number = 0;  // from 1 on, without gaps
  WallTime at{};
  std::string kind;   // "role", "leader" ...
  json::object data;  // `text` is a sentence; mostly `from` and `to`
};

struct EventHistory {
  std::string run;                                         // of the daemon: numbers of another run mean nothing
  std::vector<std::shared_ptr<const MemberEvent>> events;  // oldest first
};

// Everything that is different in `after`; kind and data of each.
std::vector<MemberEvent> changes_between(const Snapshot& before, const Snapshot& after);

class EventFeed {
 public:
  static constexpr std::size_t kMostEvents = 1000;

  void compare(const Snapshot& before, const Snapshot& after, WallTime now);
  std::shared_ptr<const EventHistory> shown() const { return shown_; }

 private:
  std::string run_;
  std::deque<std::shared_ptr<const MemberEvent>> events_;
  std::uint64_t last_ = 0;
  std::shared_ptr<const EventHistory> shown_;
};

}  // namespace tamada
