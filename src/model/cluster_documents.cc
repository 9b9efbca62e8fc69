// The texts of the keys beside members/ and leader (dcs.md 1.6, 1.8-1.11); declared in model/cluster_view.h.
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "base/utf8.h"
#include "model/cluster_view.h"
#include "model/stored_json.h"

namespace tamada {

namespace {

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

// "leader:member", what people put there by hand.
FailoverRequest failover_from_plain_text(std::string_view text) {
  FailoverRequest request;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_valid_utf8(text)) return request;
  request.leader = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 1);
  request.candidate = rest.substr(0, rest.find(':'));
  return request;
}

void read_schedule(const json::object& fields, FailoverRequest& request) {
  const json::value* value = fields.if_contains("scheduled_at");
  if (value == nullptr || value->is_null()) return;
  const json::string* text = value->if_string();
  if (text != nullptr && text->empty()) return;
  const auto parsed = text == nullptr ? std::nullopt : parse_iso8601(*text);
  if (parsed && parsed->has_zone) {
    request.scheduled_at = parsed->time;
    request.offset_minutes = parsed->offset_minutes;
  }
  request.schedule_invalid = !request.scheduled_at.has_value();
}

// nullopt: no line of a history.
std::optional<HistoryLine> history_line(const json::value& value) {
  constexpr std::size_t kFewest = 3;
  constexpr std::size_t kMost = 5;
  const json::array* fields = value.if_array();
  if (fields == nullptr || fields->size() < kFewest) return std::nullopt;
  const auto timeline = stored::number_of((*fields)[0]);
  const auto lsn = stored::number_of((*fields)[1]);
  if (!timeline || *timeline == 0 || *timeline >= std::numeric_limits<std::uint32_t>::max() || !lsn)
    return std::nullopt;
  const auto text = [fields](std::size_t i) {
    const json::string* s = i < fields->size() ? (*fields)[i].if_string() : nullptr;
    return s == nullptr ? std::string() : std::string(*s);
  };
  HistoryLine line;
  line.timeline = Timeline{static_cast<std::uint32_t>(*timeline)};
  line.lsn = Lsn{*lsn};
  line.reason = text(2);
  line.timestamp = text(3);
  line.new_leader = text(4);
  line.elements = static_cast<int>(std::min(fields->size(), kMost));
  return line;
}

int elements_to_write(const HistoryLine& line) {
  if (!line.new_leader.empty()) return 5;
  return std::clamp(line.elements, line.timestamp.empty() ? 3 : 4, 5);
}

}  // namespace

std::optional<FailoverRequest> parse_failover(std::string_view text) {
  FailoverRequest request;
  if (const auto parsed = parse_json(text)) {
    const json::object* fields = parsed->if_object();
    if (fields == nullptr) return std::nullopt;
    request.leader = stored::text_field(*fields, "leader");
    request.candidate = stored::text_field(*fields, "member");
    read_schedule(*fields, request);
  } else {
    request = failover_from_plain_text(text);
  }
  if (request.empty()) return std::nullopt;
  return request;
}

std::string format_failover(const FailoverRequest& request) {
  json::object out;
  if (!request.leader.empty()) out["leader"] = request.leader;
  if (!request.candidate.empty()) out["member"] = request.candidate;
  if (request.scheduled_at) out["scheduled_at"] = format_iso8601(*request.scheduled_at, request.offset_minutes);
  return to_json(out, JsonStyle::Compact);
}

SyncState parse_sync(std::string_view text) {
  SyncState sync;
  const auto fields = stored::object_of(text);
  if (!fields) return sync;
  sync.leader = stored::text_field(*fields, "leader");
  if (sync.leader.empty()) return sync;
  sync.standbys = split_list(stored::text_field(*fields, "sync_standby"));
  const std::uint64_t quorum = stored::number_field(*fields, "quorum");
  sync.quorum = quorum <= std::numeric_limits<int>::max() ? static_cast<int>(quorum) : 0;
  return sync;
}

std::string format_sync(const SyncState& sync, Compatibility level) {
  std::vector<std::string> names = sync.standbys;
  std::sort(names.begin(), names.end());
  json::object out;
  out["leader"] = text_or_null(sync.leader);
  if (level == Compatibility::V4_1) out["quorum"] = sync.quorum;
  out["sync_standby"] = text_or_null(join(names, ","));
  return to_json(out, JsonStyle::Compact);
}

std::optional<HistoryDocument> parse_history(std::string_view text) {
  const auto entries = stored::array_of(text);
  if (!entries) return std::nullopt;
  HistoryDocument history;
  for (const json::value& entry : *entries) {
    const auto line = history_line(entry);
    history.cluster_timeline = line ? Timeline{line->timeline.id + 1} : Timeline{};
    if (line) history.lines.push_back(*line);
  }
  if (text == "[]") history.cluster_timeline = Timeline{1};
  return history;
}

std::string format_history(const std::vector<HistoryLine>& lines) {
  json::array out;
  for (const HistoryLine& line : lines) {
    const int elements = elements_to_write(line);
    json::array entry{line.timeline.id, line.lsn.bytes, line.reason};
    if (elements > 3) entry.emplace_back(line.timestamp);
    if (elements > 4) entry.emplace_back(line.new_leader);
    out.push_back(std::move(entry));
  }
  return to_json(out, JsonStyle::Compact);
}

StatusDocument parse_status(std::string_view text) {
  const auto fields = stored::object_of(text);
  if (!fields) return parse_optime(text);
  StatusDocument status;
  status.optime = Lsn{stored::number_field(*fields, "optime")};
  const auto slots = stored::object_field(*fields, "slots").value_or(json::object());
  for (const auto& [name, position] : slots) {
    if (const auto number = stored::number_of(position)) status.slots[std::string(name)] = *number;
  }
  const auto retained = stored::array_field(*fields, "retain_slots").value_or(json::array());
  for (const json::value& name : retained) {
    if (const auto* slot = name.if_string()) status.retain_slots.emplace_back(*slot);
  }
  std::sort(status.retain_slots.begin(), status.retain_slots.end());
  return status;
}

StatusDocument parse_optime(std::string_view text) {
  StatusDocument status;
  status.optime = Lsn{stored::number_of(text).value_or(0)};
  return status;
}

std::string format_status(const StatusDocument& status) {
  json::object out;
  out["optime"] = status.optime.bytes;
  if (!status.slots.empty()) {
    json::object slots;
    for (const auto& [name, position] : status.slots) slots[name] = position;
    out["slots"] = std::move(slots);
  }
  if (!status.retain_slots.empty()) {
    std::vector<std::string> names = status.retain_slots;
    std::sort(names.begin(), names.end());
    json::array retained;
    for (const std::string& name : names) retained.emplace_back(name);
    out["retain_slots"] = std::move(retained);
  }
  return to_json(out, JsonStyle::Compact);
}

Timeline parse_timeline_claim(std::string_view text) {
  const auto fields = stored::object_of(text);
  const json::value* claimed = fields ? fields->if_contains("claimed") : nullptr;
  const std::int64_t* number = claimed ? claimed->if_int64() : nullptr;
  if (number == nullptr || *number < 0 || *number > UINT32_MAX) return {};
  return Timeline{static_cast<std::uint32_t>(*number)};
}

std::string format_timeline_claim(Timeline claimed, std::string_view by) {
  return to_json(json::object{{"claimed", claimed.id}, {"by", by}}, JsonStyle::Compact);
}

std::map<std::string, std::string> parse_failsafe(std::string_view text) {
  std::map<std::string, std::string> members;
  const auto fields = stored::object_of(text);
  if (!fields) return members;
  for (const auto& [name, url] : *fields) {
    if (const auto* address = url.if_string()) members.emplace(name, *address);
  }
  return members;
}

std::string format_failsafe(const std::map<std::string, std::string>& members) {
  json::object out;
  for (const auto& [name, url] : members) out[name] = url;
  return to_json(out, JsonStyle::Compact);
}

}  // namespace tamada
