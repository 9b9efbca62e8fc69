#include "model/failsafe_question.h"

#include <limits>

#include <fmt/format.h>

#include "model/stored_json.h"
#include "model/url.h"

namespace tamada {

namespace {

// The schema's limits of the setting ttl.
constexpr std::int64_t kMostTtl = std::numeric_limits<std::int32_t>::max();

Result<std::string> text_of(const json::object& body, std::string_view key) {
  const json::value* value = body.if_contains(key);
  if (value == nullptr || !value->is_string() || value->get_string().empty()) {
    return Error(ErrorCode::Invalid, fmt::format("the failsafe request has no text \"{}\"", key));
  }
  return std::string(value->get_string());
}

// A promise that is too short is worse than none.
Result<void> read_own(const json::object& own, FailsafeQuestion& question) {
  if (const json::value* value = own.if_contains("episode")) {
    if (!value->is_string()) return Error(ErrorCode::Invalid, "tamada.episode of the failsafe request is no text");
    question.episode = value->get_string();
  }
  if (const json::value* value = own.if_contains("ttl")) {
    boost::system::error_code error;
    const auto seconds = value->to_number<std::int64_t>(error);
    if (error || seconds <= 0 || seconds > kMostTtl) {
      return Error(ErrorCode::Invalid, "tamada.ttl of the failsafe request is no number of seconds");
    }
    question.ttl = std::chrono::seconds(seconds);
  }
  return {};
}

}  // namespace

std::string format_failsafe_question(const FailsafeQuestion& question) {
  json::object out{{"name", question.name}, {"conn_url", question.conn_url}, {"api_url", question.api_url}};
  if (!question.slots.empty()) {
    json::object slots;
    for (const auto& [name, position] : question.slots) slots[name] = position;
    out["slots"] = std::move(slots);
  }
  json::object own;
  if (!question.episode.empty()) own["episode"] = question.episode;
  if (question.ttl.count() > 0) own["ttl"] = question.ttl.count();
  if (!own.empty()) out["tamada"] = std::move(own);
  return to_json(out, JsonStyle::Compact);
}

Result<FailsafeQuestion> parse_failsafe_question(const json::object& body) {
  FailsafeQuestion question;
  const std::pair<std::string_view, std::string*> fields[] = {
      {"name", &question.name}, {"conn_url", &question.conn_url}, {"api_url", &question.api_url}};
  for (const auto& [key, to] : fields) {
    Result<std::string> text = text_of(body, key);
    if (!text) return text.error();
    *to = std::move(*text);
  }
  for (const auto& [name, position] : stored::object_field(body, "slots").value_or(json::object())) {
    if (const auto number = stored::number_of(position)) question.slots[std::string(name)] = *number;
  }
  if (const json::value* own = body.if_contains("tamada")) {
    if (!own->is_object()) return Error(ErrorCode::Invalid, "\"tamada\" of the failsafe request is no object");
    Result<void> read = read_own(own->get_object(), question);
    if (!read) return read.error();
  }
  return question;
}

std::string failsafe_url(const std::string& api_url) {
  return endpoint_url(api_url, "failsafe");
}

}  // namespace tamada
