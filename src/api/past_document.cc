#include "api/past_document.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada {

namespace {

using Entry = std::shared_ptr<const PastDecision>;

template <class Strings>
json::array texts(const Strings& strings) {
  json::array out;
  for (const auto& one : strings) out.push_back(json::value(one));
  return out;
}

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

Result<std::uint64_t> read_number(std::string_view name, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return Error(ErrorCode::Invalid, fmt::format("{} is no number: {}", name, text));
}

Result<WallTime> read_time(std::string_view name, std::string_view text) {
  if (const auto parsed = parse_iso8601(text)) return parsed->time;
  // The plus sign of a zone, unless it was escaped, arrives as a blank.
  std::string with_plus(text);
  if (const auto blank = with_plus.rfind(' '); blank != std::string::npos) with_plus[blank] = '+';
  if (const auto parsed = parse_iso8601(with_plus)) return parsed->time;
  return Error(ErrorCode::Invalid, fmt::format("{} is no time: {}; it is written as 2030-01-01T10:00:00Z", name, text));
}

Error not_kept(const DecisionHistory& history, std::string_view wanted) {
  if (history.entries.empty()) return Error(ErrorCode::NotFound, "nothing was decided yet");
  return Error(ErrorCode::NotFound,
               fmt::format("{} is not kept; kept are {} to {}, from {} on", wanted, history.entries.front()->id,
                           history.entries.back()->id, format_iso8601(history.entries.front()->first)));
}

Result<Entry> find_number(const DecisionHistory& history, std::uint64_t id) {
  for (const Entry& entry : history.entries) {
    if (entry->id == id) return entry;
  }
  if (history.last_race && history.last_race->id == id) return history.last_race;
  return not_kept(history, fmt::format("decision {}", id));
}

// Entries that took turns overlap: the one that began last counts.
Result<Entry> find_time(const DecisionHistory& history, WallTime at) {
  const auto after = [at](const Entry& entry) { return entry->first > at; };
  const auto end = std::find_if(history.entries.begin(), history.entries.end(), after);
  if (end == history.entries.begin()) return not_kept(history, "what was decided at " + format_iso8601(at));
  return *std::prev(end);
}

Result<json::object> list(std::string_view member, const DecisionHistory& history, const QueryString& query) {
  WallTime since = WallTime::min();
  std::uint64_t limit = history.entries.size();
  if (const auto text = query.get("since")) {
    const auto time = read_time("since", *text);
    if (!time) return time.error();
    since = *time;
  }
  if (const auto text = query.get("limit")) {
    const auto number = read_number("limit", *text);
    if (!number) return number.error();
    limit = *number;
  }
  std::vector<Entry> chosen;
  for (const Entry& entry : history.entries) {
    if (entry->last >= since) chosen.push_back(entry);
  }
  if (chosen.size() > limit) chosen.erase(chosen.begin(), chosen.end() - static_cast<std::ptrdiff_t>(limit));
  json::array past;
  for (const Entry& entry : chosen) past.push_back(past_summary(*entry));
  json::object out{{"member", member}, {"past", std::move(past)}};
  out["last_race"] = history.last_race ? json::value(history.last_race->id) : json::value(nullptr);
  return out;
}

Result<Entry> find_entry(const DecisionHistory& history, const QueryString& query) {
  if (const auto at = query.get("at")) {
    const auto time = read_time("at", *at);
    if (!time) return time.error();
    return find_time(history, *time);
  }
  const std::string_view wanted = *query.get("past");
  if (wanted == "race") {
    if (history.last_race) return history.last_race;
    return Error(ErrorCode::NotFound, "no candidates were weighed since this daemon began");
  }
  const auto number = read_number("past", wanted);
  if (!number) return Error(ErrorCode::Invalid, fmt::format("past is a number, list or race, not {}", wanted));
  return find_number(history, *number);
}

}  // namespace

bool asks_for_past(const QueryString& query) {
  return query.get("past") || query.get("at");
}

json::object past_summary(const PastDecision& decision) {
  return {{"id", decision.id},
          {"first", format_iso8601(decision.first)},
          {"last", format_iso8601(decision.last)},
          {"count", decision.count},
          {"rule", decision.rule},
          {"status", decision.status},
          {"action", decision.action},
          {"target", or_null(decision.target)},
          {"outcome", or_null(decision.outcome)},
          {"race", decision.race}};
}

json::object past_entry(const PastDecision& decision) {
  json::object out = past_summary(decision);
  out["situation"] = decision.situation;
  out["because"] = decision.because;
  out["leader"] = or_null(decision.leader);
  out["chores"] = texts(decision.chores);
  json::object facts;
  for (const auto& [name, value] : decision.facts) facts[name] = value;
  out["facts"] = std::move(facts);
  json::object changed;
  for (const auto& one : decision.changed) changed[one.fact] = {{"from", one.from}, {"to", one.to}};
  out["changed"] = std::move(changed);
  out["details"] = texts(decision.details);
  return out;
}

Result<json::object> past_document(std::string_view member, const DecisionHistory& history, const QueryString& query) {
  if (!query.get("at") && query.get("past") == "list") return list(member, history, query);
  const auto entry = find_entry(history, query);
  if (!entry) return entry.error();
  json::object out{{"member", member}};
  for (auto& [key, value] : past_entry(**entry)) out[key] = std::move(value);
  return out;
}

}  // namespace tamada
