// What etcd's error texts mean: by text first, then by code.
#include <array>

#include <fmt/format.h>
#include <boost/json/stream_parser.hpp>

#include "store/etcd3/etcd3_codec.h"
#include "store/etcd3/etcd3_json.h"

namespace tamada::etcd3 {

namespace {

struct TextRow {
  std::string_view text;  // part of the message
  FaultKind kind;
  bool may_be_applied;
  ErrorCode code;
  std::string_view hint;
};

constexpr std::string_view kSpaceHint = "compact and defragment etcd, then disarm its NOSPACE alarm";

constexpr std::array kTexts{
    TextRow{"requested lease not found", FaultKind::LeaseNotFound, false, ErrorCode::NotFound, ""},
    TextRow{"user name is empty", FaultKind::Token, false, ErrorCode::Denied, "set username and password"},
    TextRow{"invalid auth token", FaultKind::Token, false, ErrorCode::Denied, ""},
    TextRow{"revision of auth store is old", FaultKind::Token, false, ErrorCode::Denied, ""},
    TextRow{"permission denied", FaultKind::PermissionDenied, false, ErrorCode::Denied,
            "grant the user's role readwrite on the cluster's prefix"},
    TextRow{"invalid user ID or password", FaultKind::BadCredentials, false, ErrorCode::Denied,
            "check username and password"},
    TextRow{"user name not found", FaultKind::BadCredentials, false, ErrorCode::Denied, "check username"},
    TextRow{"authentication is not enabled", FaultKind::AuthDisabled, false, ErrorCode::Denied, ""},
    TextRow{"revision has been compacted", FaultKind::Compacted, false, ErrorCode::NotFound, ""},
    TextRow{"database space exceeded", FaultKind::Rejected, false, ErrorCode::Failed, kSpaceHint},
    TextRow{"too many requests", FaultKind::Busy, false, ErrorCode::Unavailable, ""},
    TextRow{"request is too large", FaultKind::Rejected, false, ErrorCode::Invalid, ""},
    TextRow{"duplicate key", FaultKind::Rejected, false, ErrorCode::Invalid, ""},
    TextRow{"key is not provided", FaultKind::Rejected, false, ErrorCode::Invalid, ""},
    TextRow{"not a primary lessor", FaultKind::Busy, true, ErrorCode::Unavailable, ""},
    TextRow{"future revision", FaultKind::Busy, false, ErrorCode::Unavailable, ""},
    TextRow{"no leader", FaultKind::Busy, true, ErrorCode::Unavailable, ""},
    TextRow{"not leader", FaultKind::Busy, true, ErrorCode::Unavailable, ""},
    TextRow{"leader changed", FaultKind::Busy, true, ErrorCode::Unavailable, ""},
    TextRow{"timed out", FaultKind::Busy, true, ErrorCode::Unavailable, ""},
    TextRow{"server stopped", FaultKind::Busy, true, ErrorCode::Unavailable, ""},
};

Fault fault_of_code(std::int64_t code, int http_status, const std::string& text) {
  constexpr std::int64_t kInvalidArgument = 3, kNotFound = 5, kPermission = 7, kExhausted = 8, kOutOfRange = 11,
                         kUnimplemented = 12, kUnauthenticated = 16;
  switch (code) {
    case kInvalidArgument:
    case kNotFound:
    case kExhausted:
      return {FaultKind::Rejected, code != kInvalidArgument, Error(ErrorCode::Failed, text)};
    case kPermission:
      return {FaultKind::PermissionDenied, false, Error(ErrorCode::Denied, text)};
    case kUnauthenticated:
      return {FaultKind::Token, false, Error(ErrorCode::Denied, text)};
    case kOutOfRange:
      return {FaultKind::Compacted, false, Error(ErrorCode::NotFound, text)};
    case kUnimplemented:
      return {FaultKind::Unsupported, false, Error(ErrorCode::Unsupported, text)};
    default:
      break;
  }
  if (http_status == 401) return {FaultKind::Token, false, Error(ErrorCode::Denied, text)};
  return {FaultKind::Busy, true, Error(ErrorCode::Unavailable, text)};
}

// An answer without JSON: something else than etcd's gateway, or the gateway of another version.
Fault fault_of_text(int status, std::string_view body) {
  const std::string shown = fmt::format("HTTP {} {}", status, printable(body));
  if (status == 404) {
    return {FaultKind::Unsupported, false,
            Error(ErrorCode::Unsupported, "etcd does not know the request: " + shown, "is this an etcd 3.3 or later?")};
  }
  if (status == 401 || status == 403) return {FaultKind::Token, false, Error(ErrorCode::Denied, shown)};
  if (status >= 500) return {FaultKind::Busy, true, Error(ErrorCode::Unavailable, shown)};
  return {FaultKind::Garbled, true, Error(ErrorCode::Protocol, "not an answer of etcd: " + shown)};
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::size_t kShown = 120;
  std::string out;
  for (char c : text.substr(0, kShown)) out += (c >= 0x20 && c < 0x7f) ? c : (c == '\n' ? ' ' : '?');
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

Fault fault_of_error(const json::object& error, int http_status) {
  const std::string message = text_of(error, {"message"}).value_or("");
  const std::string text = text_of(error, {"error", "Error", "message"}).value_or("");
  const std::int64_t code = number_of(error, {"grpc_code", "code", "Code"}).value_or(2);
  if (const auto* inner = error.if_contains("error"); inner != nullptr && inner->is_object()) {
    return fault_of_error(inner->get_object(), http_status);
  }
  std::string shown = printable(text);
  if (shown.empty()) shown = "etcd answered with an error";
  for (const TextRow& row : kTexts) {
    if (text.find(row.text) == std::string::npos && message.find(row.text) == std::string::npos) continue;
    return {row.kind, row.may_be_applied, Error(row.code, std::move(shown), std::string(row.hint))};
  }
  return fault_of_code(code, http_status, shown);
}

bool is_error(const json::object& answer) {
  return answer.contains("error") || answer.contains("Error") ||
         (answer.contains("code") && answer.contains("message"));
}

std::optional<json::value> first_document(std::string_view body) {
  json::stream_parser parser;
  boost::system::error_code ec;
  parser.write_some(body.data(), body.size(), ec);
  if (!ec && !parser.done()) parser.finish(ec);
  if (ec || !parser.done()) return std::nullopt;
  return parser.release();
}

Reply parse_reply(int http_status, std::string_view body) {
  auto document = first_document(body);
  if (!document || !document->is_object()) return fault_of_text(http_status, body);
  json::object& answer = document->get_object();
  if (is_error(answer)) return fault_of_error(answer, http_status);
  if (http_status < 200 || http_status >= 300) return fault_of_text(http_status, body);
  return std::move(answer);
}

}  // namespace tamada::etcd3
