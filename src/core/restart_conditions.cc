#include "core/restart_conditions.h"

#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "model/compatibility.h"

namespace tamada {

namespace {
constexpr int kFirstTwoPartMajor = 10;
constexpr int kLargestPart = 9999;
}  // namespace

Result<void> check_version_condition(std::string_view text) {
  const std::vector<std::string> parts = split(text, '.');
  const Error no_version(ErrorCode::Invalid, fmt::format("Invalid PostgreSQL version: {}", text));
  int major = 0;
  for (const std::string& part : parts) {
    int number = -1;
    const char* end = part.data() + part.size();
    const auto [read, ec] = std::from_chars(part.data(), end, number);
    if (part.empty() || ec != std::errc() || read != end || number < 0 || number > kLargestPart) return no_version;
    if (&part == &parts.front()) major = number;
  }
  const std::size_t wanted = major < kFirstTwoPartMajor ? 3 : 2;
  if (parts.size() == wanted) return {};
  if (parts.size() == 3) return no_version;
  return Error(ErrorCode::Invalid,
               fmt::format("Invalid PostgreSQL version format: X.Y or X.Y.Z is accepted: {}", text));
}

int version_number(std::string_view text) {
  std::vector<int> parts;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end && parts.size() < 3) {
    int part = 0;
    const auto [next, ec] = std::from_chars(at, end, part);
    if (ec != std::errc() || part < 0 || part > kLargestPart) return 0;
    parts.push_back(part);
    at = next;
    if (at == end) break;
    if (*at++ != '.' || at == end) return 0;
  }
  if (at != end || parts.empty()) return 0;
  parts.resize(3, 0);
  return parts[0] < kFirstTwoPartMajor ? parts[0] * 10000 + parts[1] * 100 + parts[2] : parts[0] * 10000 + parts[1];
}

std::optional<std::string> why_no_restart(const RestartRequest& request, const PostgresStatus& status, Role role) {
  if (!request.role.empty() && parse_role(request.role) != role) {
    return fmt::format("role is '{}', not '{}'", role_word(role, Compatibility::V4_1), request.role);
  }
  if (!request.postgres_version.empty()) {
    const int wanted = version_number(request.postgres_version);
    const int runs = status.row ? status.row->server_version : 0;
    if (wanted == 0 || runs == 0) return "the version to compare with is not known";
    if (runs >= wanted) return fmt::format("server version {} is not older than {}", runs, wanted);
  }
  if (request.only_pending && (!status.row || status.row->pending_restart_parameters.empty())) {
    return "no restart is pending";
  }
  return std::nullopt;
}

}  // namespace tamada
