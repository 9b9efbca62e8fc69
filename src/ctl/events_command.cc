// events: what changes on the members, as it happens (GET /events).
#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/async.h"
#include "base/text.h"
#include "ctl/commands.h"
#include "ctl/event_reader.h"
#include "ctl/member_selection.h"
#include "ctl/output.h"
#include "ctl/rest_client.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::chrono::seconds kConnectTimeout{10};
// The member sends a sign of life every 10 s.
constexpr std::chrono::seconds kSilence{30};
constexpr std::chrono::seconds kAgainAfter{2};
constexpr std::chrono::seconds kMembersAgain{10};

// Follows members until enough events were shown. One thread, one event loop.
class EventFollower {
 public:
  EventFollower(CommandContext& context, OutputFormat format, std::uint64_t count)
      : context_(context), format_(format), left_(count), endless_(count == 0), tasks_(context.loop.executor()) {}

  bool done() const { return !endless_ && left_ == 0; }

  void follow(const Member& member) {
    const auto known = members_.find(member.name);
    if (known != members_.end()) {
      known->second = member;
      return;
    }
    members_[member.name] = member;
    tasks_.spawn(follow_for_ever(member.name));
  }

  // Lets the streams run.
  Task<void> run_for(Duration time) {
    const Instant end = context_.clock.now() + time;
    while (!done() && context_.clock.now() < end) co_await context_.clock.sleep_for(100ms);
  }
  Task<void> stop() { return tasks_.stop(); }

 private:
  // The member may come, go, and move to another address.
  Task<void> follow_for_ever(std::string name) {
    EventReader reader;
    std::string told;
    while (!done()) {
      const Error trouble = co_await follow_once(name, reader, told);
      if (done()) co_return;
      if (trouble.text() != told) context_.console.err(fmt::format("{}: {}\n", name, trouble.text()));
      told = trouble.text();
      co_await context_.clock.sleep_for(kAgainAfter);
    }
  }

  // Until the stream ends, and why it did. What comes in makes trouble that was told worth telling again.
  Task<Error> follow_once(const std::string& name, EventReader& reader, std::string& told) {
    auto request = member_request(members_.at(name), {"GET", "events", std::nullopt, kConnectTimeout});
    if (!request) co_return request.error();
    request->headers.emplace_back("Accept", "text/event-stream");
    if (!reader.last_id().empty()) request->headers.emplace_back("Last-Event-ID", reader.last_id());
    auto stream = co_await context_.http.open(std::move(*request), context_.clock.now() + kConnectTimeout);
    if (!stream) co_return stream.error();
    if ((*stream)->status() != 200) {
      co_return Error(ErrorCode::Unsupported, fmt::format("does not tell events, status code={}", (*stream)->status()),
                      "only Tamada members answer GET /events");
    }
    while (!done()) {
      const auto bytes = co_await (*stream)->read(context_.clock.now() + kSilence);
      if (!bytes) co_return bytes.error();
      if (bytes->empty()) break;
      told.clear();
      for (const SentEvent& event : reader.feed(*bytes)) show(name, event);
    }
    co_return Error(ErrorCode::Unavailable, "the stream ended");
  }

  void show(const std::string& name, const SentEvent& event) {
    if (done()) return;
    if (!endless_) --left_;
    const auto data = stored::object_of(event.data).value_or(json::object{});
    if (format_ == OutputFormat::Json) {
      json::object line{{"member", name}, {"event", event.kind}, {"id", event.id}};
      for (const auto& [key, value] : data) line[key] = value;
      context_.console.out(to_json(line, JsonStyle::Spaced) + "\n");
      return;
    }
    std::string text = stored::text_field(data, "text");
    if (event.kind == "decision") text = fmt::format("{} [{}]", text, stored::text_field(data, "rule"));
    if (event.kind == "now") {
      text = fmt::format("{}, {}: {}", stored::text_field(data, "role"), stored::text_field(data, "state"), text);
    }
    context_.console.out(fmt::format("{}  {}  {}: {}\n", time_of(data), name, event.kind, text));
  }

  std::string time_of(const json::object& data) const {
    const auto parsed = parse_iso8601(stored::text_field(data, "at"));
    return local_time_text(parsed ? parsed->time : context_.clock.wall_now(), false);
  }

  CommandContext& context_;
  OutputFormat format_;
  std::uint64_t left_;
  bool endless_;
  std::map<std::string, Member> members_;
  TaskScope tasks_;
};

Result<std::uint64_t> wanted_count(const Arguments& arguments) {
  const auto text = arguments.value("count");
  if (!text) return std::uint64_t{0};
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
  if (error == std::errc() && end == text->data() + text->size() && count > 0) return count;
  return Error(ErrorCode::Invalid, fmt::format("--count takes a number from 1 on, not {}", *text));
}

}  // namespace

Result<void> run_events(CommandContext& context, const Arguments& arguments) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  const auto count = wanted_count(arguments);
  if (!count) return count.error();
  ClusterAccess cluster(context, *name);
  auto view = cluster.load();
  if (!view) return view.error();
  if (named_members(*view, arguments.words).empty()) {
    return Error(ErrorCode::NotFound, fmt::format("{} cluster doesn't have such members", *name));
  }
  EventFollower follower(context, parse_output_format(arguments.value("format").value_or("pretty")), *count);
  while (!follower.done()) {
    // Members that were known are followed on while the store is away.
    if (view) {
      for (const Member& member : named_members(*view, arguments.words)) follower.follow(member);
    }
    context.loop.run(follower.run_for(kMembersAgain));
    if (!follower.done()) view = cluster.load();
  }
  context.loop.run(follower.stop());
  return {};
}

}  // namespace tamada::ctl
