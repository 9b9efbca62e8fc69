#include "api/event_stream.h"

#include <charconv>

#include <fmt/format.h>

#include "api/member_facts.h"
#include "base/text.h"
#include "model/compatibility.h"

namespace tamada {

namespace {

constexpr std::string_view kComeBackIn = "retry: 2000\n";
constexpr std::string_view kHeartbeatText = ": still here\n\n";

std::string one_event(std::string_view id, std::string_view kind, const json::object& data) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, kind, to_json(data, JsonStyle::Spaced));
}

EventPlace end_of(const EventHistory* history) {
  if (history == nullptr) return {};
  return {history->run, history->events.empty() ? 0 : history->events.back()->number};
}

// What the listener has missed for good, if anything.
std::optional<std::string> find_gap(const EventHistory& history, const EventPlace& place) {
  if (place.run != history.run) return "the daemon was started anew";
  if (history.events.empty() || place.number + 1 >= history.events.front()->number) return std::nullopt;
  return fmt::format("{} events are no longer kept", history.events.front()->number - place.number - 1);
}

}  // namespace

std::string EventPlace::text() const {
  return fmt::format("{}-{}", run, number);
}

std::optional<EventPlace> parse_event_place(std::string_view text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  EventPlace place{std::string(text.substr(0, dash)), 0};
  const std::string_view number = text.substr(dash + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), place.number);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  return place;
}

std::string events_after(const EventHistory& history, std::string_view member, EventPlace& place) {
  std::string out;
  if (const auto gap = find_gap(history, place)) {
    place = {history.run, history.events.empty() ? 0 : history.events.front()->number - 1};
    out += one_event(place.text(), "gap", {{"member", member}, {"text", *gap}});
  }
  std::size_t sent = 0;
  for (const auto& event : history.events) {
    if (event->number <= place.number) continue;
    if (sent++ == kMostAtOnce) break;
    place.number = event->number;
    json::object data{{"member", member}, {"at", format_iso8601(event->at)}};
    for (const auto& [key, value] : event->data) data[key] = value;
    out += one_event(place.text(), event->kind, data);
  }
  return out;
}

std::string present_event(const Snapshot& snapshot, Instant now) {
  json::object data{{"member", snapshot.settings->name},
                    {"text", snapshot.status},
                    {"role", role_word(snapshot.role, snapshot.settings->compatibility)},
                    {"state", snapshot.state_text}};
  const Timeline timeline = snapshot.own_member.timeline;
  data["timeline"] = timeline.known() ? json::value(timeline.id) : json::value(nullptr);
  const bool led = snapshot.view && snapshot.view->leader;
  data["leader"] = led ? json::value(snapshot.view->leader->name()) : json::value(nullptr);
  data["lock"] = holds_lock(snapshot, now);
  data["pause"] = snapshot.paused;
  data["rule"] = snapshot.explanation.rule;
  return one_event(end_of(snapshot.events.get()).text(), "now", data);
}

EventStream::EventStream(EngineClient& engine, std::optional<EventPlace> resume)
    : engine_(engine), place_(std::move(resume)) {}

Task<std::optional<std::string>> EventStream::next() {
  if (!begun_) {
    begun_ = true;
    if (place_) co_return std::string(kComeBackIn) + "\n";
    const SnapshotPtr snapshot = engine_.snapshot();
    place_ = end_of(snapshot->events.get());
    co_return std::string(kComeBackIn) + present_event(*snapshot, engine_.now());
  }
  const auto quiet_until = std::chrono::steady_clock::now() + kHeartbeat;
  while (!engine_.stopped()) {
    if (const auto history = engine_.snapshot()->events) {
      // Before the first event there was no run to name.
      if (place_->run.empty()) place_->run = history->run;
      std::string events = events_after(*history, engine_.snapshot()->settings->name, *place_);
      if (!events.empty()) co_return events;
    }
    if (std::chrono::steady_clock::now() >= quiet_until) co_return std::string(kHeartbeatText);
    co_await engine_.pause_for(kLook);
  }
  co_return std::nullopt;
}

}  // namespace tamada
