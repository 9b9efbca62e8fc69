#include "peers/peer_codec.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "model/compatibility.h"

namespace tamada {

namespace {

std::uint64_t number_field(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  if (v == nullptr) return 0;
  if (v->is_uint64()) return v->get_uint64();
  if (v->is_int64() && v->get_int64() > 0) return static_cast<std::uint64_t>(v->get_int64());
  return 0;
}

bool flag(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_bool() && v->get_bool();
}

const json::object* object_field(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_object() ? &v->get_object() : nullptr;
}

Role role_of(const json::object& o) {
  const json::value* v = o.if_contains("role");
  return v != nullptr && v->is_string() ? parse_role(v->get_string()) : Role::Unknown;
}

// By the published words, so that Patroni's count as well.
bool server_down(const json::object& o, Role role) {
  const json::value* v = o.if_contains("state");
  if (v == nullptr || !v->is_string()) return false;
  const bool lesser = role == Role::Replica || role == Role::Demoted || role == Role::Uninitialized;
  const PgState state = parse_state(v->get_string());
  return lesser && (state == PgState::Stopped || state == PgState::Crashed || state == PgState::StartFailed ||
                    state == PgState::CreatingReplica);
}

// What is missing or makes no sense is as old as can be.
Duration age_of(const json::object& own) {
  const json::value* v = own.if_contains("observed_ms_ago");
  const bool told = v != nullptr && (v->is_uint64() || (v->is_int64() && v->get_int64() >= 0));
  constexpr std::uint64_t kDay = 86'400'000;
  return std::chrono::milliseconds(told ? std::min(number_field(own, "observed_ms_ago"), kDay) : kDay);
}

PeerAnswer broken(std::string why) {
  PeerAnswer answer;
  answer.reach = PeerAnswer::Reach::Broken;
  answer.problem = std::move(why);
  return answer;
}

}  // namespace

PeerAnswer parse_peer_answer(std::string_view body) {
  const auto parsed = parse_json(body);
  if (!parsed || !parsed->is_object()) return broken("the answer is no JSON object");
  const json::object& o = parsed->get_object();
  PeerAnswer answer;
  answer.reach = PeerAnswer::Reach::Answered;
  answer.role = role_of(o);
  const json::object* wal = object_field(o, "wal");
  if (wal == nullptr) wal = object_field(o, "xlog");
  const bool writes = wal != nullptr && number_field(*wal, "location") != 0;
  answer.is_primary = answer.role == Role::Primary || writes;
  const json::object* own = object_field(o, "tamada");
  if (own != nullptr) {
    answer.standby = flag(*own, "standby");
    answer.is_primary |= flag(*own, "promoting");  // any moment now
  }
  if (wal == nullptr && !answer.is_primary) {
    PeerAnswer without = broken("the answer has no WAL position");
    without.standby = answer.standby;
    without.server_down = server_down(o, answer.role);
    return without;
  }
  answer.in_recovery = !answer.is_primary;
  if (wal != nullptr) {
    answer.received = Lsn{number_field(*wal, "received_location")};
    answer.replayed = Lsn{number_field(*wal, "replayed_location")};
    // Of a primary the position it writes at counts.
    if (writes) answer.received = Lsn{number_field(*wal, "location")};
  }
  const std::uint64_t timeline = number_field(o, "timeline");
  if (timeline <= std::numeric_limits<std::uint32_t>::max()) answer.timeline.id = static_cast<std::uint32_t>(timeline);
  if (const json::object* tags = object_field(o, "tags")) answer.tags.raw = *tags;
  answer.watchdog_failed = flag(o, "watchdog_failed");
  if (own != nullptr) {
    answer.observed_ago = age_of(*own);
    answer.sick = flag(*own, "sick");
    answer.receiver_stopped = flag(*own, "receiver_stopped");
    answer.upstream_alive = flag(*own, "upstream_alive");
  }
  return answer;
}

ConsentAnswer parse_consent_answer(int status, std::string_view body, ConsentAnswer answer) {
  constexpr std::size_t kShown = 100;
  const bool accepted = status == 200 && body == "Accepted";
  answer.kind = accepted ? ConsentAnswer::Kind::Accepted : ConsentAnswer::Kind::Refused;
  answer.problem = accepted ? "" : fmt::format("HTTP status {}: {}", status, body.substr(0, kShown));
  return answer;
}

}  // namespace tamada
