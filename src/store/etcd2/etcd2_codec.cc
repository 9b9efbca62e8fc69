#include "store/etcd2/etcd2_codec.h"

#include <charconv>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "model/url.h"

namespace tamada::etcd2 {

namespace {

constexpr int kDeepest = 16;  // directories below each other

std::string path_of(std::string_view key) {
  std::string path = "/v2/keys";
  for (const std::string& part : split(key, '/')) {
    if (!part.empty()) path += "/" + url_escape(part);
  }
  return path;
}

std::string guard_text(Guard guard) {
  switch (guard.kind) {
    case Guard::Kind::None:
      return {};
    case Guard::Kind::Absent:
      return "prevExist=false";
    case Guard::Kind::Present:
      return "prevExist=true";
    case Guard::Kind::Index:
      return fmt::format("prevIndex={}", guard.index);
  }
  return {};
}

std::optional<std::int64_t> number(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  if (v == nullptr) return 0;
  if (v->is_int64() && v->get_int64() >= 0) return v->get_int64();
  return std::nullopt;
}

std::optional<std::string> text(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  if (v == nullptr) return std::string();
  if (!v->is_string()) return std::nullopt;
  return std::string(v->get_string());
}

std::optional<Node> parse_node(const json::object& o) {
  auto key = text(o, "key");
  auto value = text(o, "value");
  const auto modified = number(o, "modifiedIndex");
  const auto created = number(o, "createdIndex");
  if (!key || !value || !modified || !created) return std::nullopt;
  const json::value* dir = o.if_contains("dir");
  const bool directory = dir != nullptr && dir->is_bool() && dir->get_bool();
  return Node{std::move(*key), std::move(*value), directory, *modified, *created};
}

bool collect(const json::object& directory, std::vector<Node>& leaves, int depth) {
  const json::value* nodes = directory.if_contains("nodes");
  if (nodes == nullptr) return true;
  if (!nodes->is_array() || depth > kDeepest) return false;
  for (const json::value& item : nodes->get_array()) {
    if (!item.is_object()) return false;
    auto node = parse_node(item.get_object());
    if (!node || node->key.empty()) return false;
    if (!node->directory) {
      leaves.push_back(std::move(*node));
    } else if (!collect(item.get_object(), leaves, depth + 1)) {
      return false;
    }
  }
  return true;
}

std::string header(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

std::int64_t index_of(const HttpResponse& response) {
  const std::string value = header(response, "X-Etcd-Index");
  std::int64_t index = 0;
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), index);
  return ec == std::errc() && end == value.data() + value.size() && index > 0 ? index : 0;
}

std::string printable(std::string_view body) {
  constexpr std::size_t kShown = 120;
  std::string out;
  for (char c : body.substr(0, kShown)) out += c >= 0x20 && c < 0x7f ? c : ' ';
  return std::string(trim(out));
}

struct CodeRow {
  std::int64_t code;
  FaultKind kind;
  bool may_be_applied;
  ErrorCode error;
};

constexpr CodeRow kCodes[] = {
    {100, FaultKind::NotFound, false, ErrorCode::NotFound}, {101, FaultKind::Conflict, false, ErrorCode::Conflict},
    {105, FaultKind::Conflict, false, ErrorCode::Conflict}, {110, FaultKind::Denied, false, ErrorCode::Denied},
    {300, FaultKind::Busy, true, ErrorCode::Unavailable},   {301, FaultKind::Busy, true, ErrorCode::Unavailable},
    {400, FaultKind::Cleared, false, ErrorCode::NotFound},  {401, FaultKind::Cleared, false, ErrorCode::NotFound},
    {102, FaultKind::Rejected, false, ErrorCode::Conflict}, {104, FaultKind::Rejected, false, ErrorCode::Conflict},
    {202, FaultKind::Rejected, false, ErrorCode::Invalid},  {203, FaultKind::Rejected, false, ErrorCode::Invalid},
    {209, FaultKind::Rejected, false, ErrorCode::Invalid},  {210, FaultKind::Rejected, false, ErrorCode::Invalid},
};

Fault fault_of_error(const json::object& o, std::int64_t code, std::int64_t index) {
  const std::string cause = text(o, "cause").value_or("");
  std::string shown = text(o, "message").value_or("");
  if (shown.empty()) shown = "etcd answered with an error";
  if (!cause.empty()) shown += ": " + cause;
  for (const CodeRow& row : kCodes) {
    if (row.code != code) continue;
    Error error(row.error, printable(shown));
    if (row.kind == FaultKind::Denied) error.hint = "check username and password, and the user's rights on the keys";
    return {row.kind, row.may_be_applied, std::move(error), index, {}};
  }
  return {FaultKind::Busy,
          true,
          Error(ErrorCode::Unavailable, fmt::format("{} (code {})", printable(shown), code)),
          index,
          {}};
}

Fault fault_of_text(int status, std::string_view body) {
  const std::string shown = fmt::format("HTTP {} {}", status, printable(body));
  if (status == 401 || status == 403) {
    return {FaultKind::Denied,
            false,
            Error(ErrorCode::Denied, shown, "check username and password, and the user's rights on the keys"),
            0,
            {}};
  }
  if (status == 404) {
    return {FaultKind::Rejected,
            false,
            Error(ErrorCode::Unsupported, "etcd does not serve its v2 API: " + shown,
                  "start etcd with --enable-v2, or use the section etcd3"),
            0,
            {}};
  }
  if (status >= 500) return {FaultKind::Busy, true, Error(ErrorCode::Unavailable, shown), 0, {}};
  return {FaultKind::Garbled, true, Error(ErrorCode::Protocol, "not an answer of etcd: " + shown), 0, {}};
}

}  // namespace

Request read_all(const std::string& directory) {
  return {"GET", path_of(directory) + "/?recursive=true&quorum=true", {}};
}

Request wait_for_change(const std::string& directory, std::int64_t from) {
  return {"GET", fmt::format("{}/?wait=true&recursive=true&waitIndex={}", path_of(directory), from), {}};
}

Request put(const std::string& key, std::string_view value, Guard guard, std::optional<std::int64_t> ttl_seconds) {
  std::string form = "value=" + url_escape(value);
  if (ttl_seconds) form += fmt::format("&ttl={}", *ttl_seconds);
  if (guard.kind != Guard::Kind::None) form += "&" + guard_text(guard);
  return {"PUT", path_of(key), std::move(form)};
}

Request refresh(const std::string& key, std::int64_t ttl_seconds) {
  return {"PUT", path_of(key), fmt::format("refresh=true&prevExist=true&ttl={}", ttl_seconds)};
}

Request remove(const std::string& key, Guard guard) {
  const std::string condition = guard_text(guard);
  return {"DELETE", path_of(key) + (condition.empty() ? "" : "?" + condition), {}};
}

Request remove_all(const std::string& directory) {
  return {"DELETE", path_of(directory) + "/?recursive=true", {}};
}

std::variant<Answer, Fault> parse_answer(const HttpResponse& response) {
  auto document = parse_json(response.body);
  if (!document || !document->is_object()) return fault_of_text(response.status, response.body);
  const json::object& o = document->get_object();
  if (o.contains("errorCode")) {
    const auto code = number(o, "errorCode");
    const auto index = number(o, "index");
    Fault fault = fault_of_error(o, code.value_or(0), index.value_or(0));
    fault.cluster_id = header(response, "X-Etcd-Cluster-Id");
    return fault;
  }
  if (response.status != 200 && response.status != 201) return fault_of_text(response.status, response.body);
  const Fault garbled{FaultKind::Garbled, true, Error(ErrorCode::Protocol, "etcd's answer has no usable node"), 0, {}};
  const json::value* node = o.if_contains("node");
  auto action = text(o, "action");
  if (!action || node == nullptr || !node->is_object()) return garbled;
  auto parsed = parse_node(node->get_object());
  if (!parsed) return garbled;
  Answer answer{std::move(*action), std::move(*parsed), {}, index_of(response), header(response, "X-Etcd-Cluster-Id")};
  if (!collect(node->get_object(), answer.leaves, 0)) return garbled;
  return answer;
}

StoredKeys stored_keys(const std::vector<Node>& nodes, std::string_view prefix) {
  StoredKeys keys;
  for (const Node& node : nodes) {
    if (node.key.starts_with(prefix))
      keys[node.key.substr(prefix.size())] = {node.value, node.modified, node.created, ""};
  }
  return keys;
}

}  // namespace tamada::etcd2
