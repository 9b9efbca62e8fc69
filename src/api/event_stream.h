// GET /events: what changes on this member, as server-sent events. Each listener is a place in the engine's ring of
// events; nothing is kept for it, so that a slow one is merely dropped by the HTTP server's limit for sending. API
// thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/engine_client.h"
#include "base/task.h"
#include "engine/event_feed.h"

namespace tamada {

// "<run>-<number>", the id of an event; resuming from it sends what came after.
struct EventPlace {
  std::string run;
  std::uint64_t number = 0;

  std::string text() const;
  bool operator==(const EventPlace&) const = default;
};
// nullopt for a text that is no id.
std::optional<EventPlace> parse_event_place(std::string_view text);

// The events after `place` as they are sent, at most `kMostAtOnce`, and moves `place` behind them. When some are no
// longer kept, or belong to an earlier run of the daemon, an event `gap` comes first. Pure.
std::string events_after(const EventHistory& history, std::string_view member, EventPlace& place);
constexpr std::size_t kMostAtOnce = 100;

// The event `now`: where this member stands, for listeners that begin.
std::string present_event(const Snapshot& snapshot, Instant now);

class EventStream {
 public:
  static constexpr int kMostListeners = 32;
  static constexpr std::chrono::milliseconds kLook{100};
  static constexpr std::chrono::seconds kHeartbeat{10};

  // `resume`: as sent in Last-Event-ID, or `after`.
  EventStream(EngineClient& engine, std::optional<EventPlace> resume);
  // For HttpReply::next_part: the next events, or a heartbeat; nullopt once the API stops.
  Task<std::optional<std::string>> next();

 private:
  EngineClient& engine_;
  std::optional<EventPlace> place_;
  bool begun_ = false;
};

}  // namespace tamada
