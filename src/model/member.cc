#include "model/member.h"

#include <limits>

#include <fmt/format.h>

#include "base/utf8.h"
#include "model/stored_json.h"
#include "model/url.h"

namespace tamada {

namespace {

constexpr int kDefaultPostgresPort = 5432;

Timeline timeline_of(std::uint64_t id) {
  return Timeline{id <= std::numeric_limits<std::uint32_t>::max() ? static_cast<std::uint32_t>(id) : 0};
}

// "postgres://host:port/db?application_name=<api_url>", the whole value of a member before Patroni.
void read_old_form(std::string_view value, Member& member) {
  const auto question = value.find('?');
  member.conn_url = value.substr(0, question);
  if (question == std::string_view::npos) return;
  member.api_url = query_parameter(value.substr(question + 1), "application_name").value_or("");
}

std::string conn_url_from_kwargs(const json::object& fields) {
  const auto kwargs = stored::object_field(fields, "conn_kwargs");
  const std::string host = kwargs ? stored::text_field(*kwargs, "host") : std::string();
  if (host.empty()) return {};
  const std::uint64_t port = stored::number_field(*kwargs, "port");
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("postgres://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "",
                     port == 0 || port > 65535 ? kDefaultPostgresPort : port);
}

bool pending_checkpoint(const json::object& fields) {
  const json::value* value = fields.if_contains("checkpoint_after_promote");
  const bool* flag = value == nullptr ? nullptr : value->if_bool();
  return flag != nullptr && !*flag;
}

void read_fields(const json::object& fields, Member& member) {
  member.conn_url = stored::text_field(fields, "conn_url");
  if (member.conn_url.empty()) member.conn_url = conn_url_from_kwargs(fields);
  member.api_url = stored::text_field(fields, "api_url");
  member.proxy_url = stored::text_field(fields, "proxy_url");
  member.state_text = stored::text_field(fields, "state");
  member.state = parse_state(member.state_text);
  member.role = parse_role(stored::text_field(fields, "role"));
  member.version = stored::text_field(fields, "version");
  member.tamada_version = stored::text_field(fields, "tamada");
  member.timeline_origin = stored::text_field(fields, "timeline_origin");
  member.failsafe_over = stored::text_field(fields, "failsafe_over");
  member.tags.raw = stored::object_field(fields, "tags").value_or(json::object());
  member.xlog_location = Lsn{stored::number_field(fields, "xlog_location")};
  member.receive_lsn = Lsn{stored::number_field(fields, "receive_lsn")};
  member.replay_lsn = Lsn{stored::number_field(fields, "replay_lsn")};
  member.timeline = timeline_of(stored::number_field(fields, "timeline"));
  member.replication_state = stored::text_field(fields, "replication_state");
  member.pending_restart = stored::true_field(fields, "pending_restart");
  member.pending_restart_reason = stored::object_field(fields, "pending_restart_reason").value_or(json::object());
  member.checkpoint_pending = pending_checkpoint(fields);
  member.pause = stored::true_field(fields, "pause");
  member.scheduled_restart = stored::object_field(fields, "scheduled_restart");
  if (member.scheduled_restart && member.scheduled_restart->empty()) member.scheduled_restart.reset();
}

void add_text(json::object& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}

void add_position(json::object& out, std::string_view key, Lsn lsn) {
  if (lsn.known()) out[key] = lsn.bytes;
}

void add_identity(json::object& out, const Member& member, Compatibility level) {
  out["conn_url"] = member.conn_url;
  out["api_url"] = member.api_url;
  out["state"] = member.state_text.empty() ? state_word(member.state, level) : member.state_text;
  if (member.role != Role::Unknown) out["role"] = role_word(member.role, level);
  add_text(out, "version", member.version);
  add_text(out, "tamada", member.tamada_version);
  add_text(out, "timeline_origin", member.timeline_origin);
  add_text(out, "failsafe_over", member.failsafe_over);
  add_text(out, "proxy_url", member.proxy_url);
}

void add_positions(json::object& out, const Member& member, Compatibility level) {
  add_position(out, "xlog_location", member.xlog_location);
  if (level == Compatibility::V4_1) {
    add_position(out, "replay_lsn", member.replay_lsn);
    add_position(out, "receive_lsn", member.receive_lsn);
    add_text(out, "replication_state", member.replication_state);
  }
  if (member.timeline.known()) out["timeline"] = member.timeline.id;
}

}  // namespace

std::string Member::host() const {
  const auto parts = split_url(conn_url);
  return parts ? parts->host : std::string();
}

int Member::port() const {
  const auto parts = split_url(conn_url);
  return parts ? parts->port.value_or(kDefaultPostgresPort) : kDefaultPostgresPort;
}

Member parse_member(std::string_view name, std::string_view value) {
  Member member;
  member.name = name;
  if (value.starts_with("postgres")) {
    if (is_valid_utf8(value)) read_old_form(value, member);
  } else if (const auto fields = stored::object_of(value)) {
    read_fields(*fields, member);
  }
  return member;
}

std::string format_member(const Member& member, Compatibility level) {
  json::object out;
  add_identity(out, member, level);
  // Written at every level: a follower that does not see it would rewind before the checkpoint (dcs.md 1.12).
  if (member.checkpoint_pending) out["checkpoint_after_promote"] = false;
  if (json::object tags = member.tags.published(); !tags.empty()) out["tags"] = std::move(tags);
  if (member.pending_restart) {
    out["pending_restart"] = true;
    if (level == Compatibility::V4_1 && !member.pending_restart_reason.empty()) {
      out["pending_restart_reason"] = member.pending_restart_reason;
    }
  }
  add_positions(out, member, level);
  if (member.scheduled_restart) out["scheduled_restart"] = *member.scheduled_restart;
  if (member.pause) out["pause"] = true;
  return to_json(out, JsonStyle::Compact);
}

}  // namespace tamada
