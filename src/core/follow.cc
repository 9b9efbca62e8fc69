#include "core/follow.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada {

namespace {

// The slot on the remote primary is one: only the standby leader uses it.
FollowTarget remote_target(const StandbyClusterSettings& remote, bool holds_lock) {
  FollowTarget target;
  target.remote = true;
  target.host = remote.host;
  if (!remote.port.empty()) target.port = remote.port;
  if (holds_lock) target.slot = remote.primary_slot_name.value_or("");
  return target;
}

FollowTarget member_target(const Member& member, const Settings& settings) {
  FollowTarget target;
  target.member = member.name;
  target.host = member.host();
  target.port = std::to_string(member.port());
  if (settings.postgresql.use_slots) target.slot = slot_name_for(settings.name);
  return target;
}

}  // namespace

FollowTarget follow_target(const ClusterView& view, const Settings& settings, bool holds_lock) {
  if (settings.tags.nostream()) return {};
  const auto& remote = settings.dynamic.standby_cluster;
  if (remote && (holds_lock || view.unlocked())) return remote_target(*remote, holds_lock);
  if (holds_lock) return {};
  if (const auto source = settings.tags.replicatefrom(); source && *source != settings.name) {
    const Member* member = view.member(*source);
    if (member && !member->host().empty()) return member_target(*member, settings);
  }
  const Member* leader = view.leader_member();
  if (!leader || leader->name == settings.name) return {};
  return member_target(*leader, settings);
}

Member remote_primary(const StandbyClusterSettings& remote) {
  const std::vector<std::string> hosts = split(remote.host, ',');
  const std::vector<std::string> ports = split(remote.port, ',');
  Member member;
  member.name = "the remote primary";
  member.role = Role::Primary;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string& host = hosts[i];
    const std::string& port = ports[std::min(i, ports.size() - 1)];
    const bool v6 = host.find(':') != std::string::npos;
    if (i > 0) member.conn_url += ',';
    member.conn_url += fmt::format("{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port.empty() ? "5432" : port);
  }
  member.conn_url = fmt::format("postgres://{}/postgres", member.conn_url);
  return member;
}

std::string slot_name_for(std::string_view member) {
  std::string name;
  for (std::size_t i = 0; i < member.size();) {
    const auto byte = static_cast<unsigned char>(member[i]);
    if (byte < 0x80) {
      const char c = static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
        name += c;
      } else if (c == '-' || c == '.') {
        name += '_';
      } else {
        name += fmt::format("u{:04d}", byte);
      }
      ++i;
      continue;
    }
    // One UTF-8 sequence is one code point.
    const int length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
    unsigned code = byte & (0xFFu >> (length + 1));
    for (int k = 1; k < length && i + k < member.size(); ++k) {
      code = (code << 6) | (static_cast<unsigned char>(member[i + k]) & 0x3Fu);
    }
    name += fmt::format("u{:04d}", code);
    i += static_cast<std::size_t>(length);
  }
  return name.substr(0, 63);
}

const Member* clone_source(const ClusterView& view, std::string_view my_name, std::uint64_t pick) {
  const Member* leader = view.leader_member();
  std::vector<const Member*> willing;
  for (const Member& member : view.members) {
    const bool other = member.name != my_name && &member != leader;
    if (other && member.tags.clonefrom() && !member.host().empty() && member.state == PgState::Running) {
      willing.push_back(&member);
    }
  }
  if (!willing.empty()) return willing[pick % willing.size()];
  if (leader && leader->name != my_name && !leader->host().empty()) return leader;
  return nullptr;
}

}  // namespace tamada
