#include "store/common/view_builder.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace tamada {

namespace {

constexpr std::string_view kMembers = "members/";

const StoredKey* find(const StoredKeys& keys, const std::string& path) {
  const auto it = keys.find(path);
  return it == keys.end() ? nullptr : &it->second;
}

void add_members(const StoredKeys& keys, ClusterView& view) {
  for (auto it = keys.lower_bound(std::string(kMembers)); it != keys.end() && it->first.starts_with(kMembers); ++it) {
    const std::string name = it->first.substr(kMembers.size());
    if (name.empty() || name.find('/') != std::string::npos) continue;
    Member member = parse_member(name, it->second.value);
    member.revision = it->second.revision;
    member.session = it->second.session;
    view.members.push_back(std::move(member));
  }
}

void add_config(const StoredKeys& keys, ClusterView& view) {
  const StoredKey* key = find(keys, "config");
  if (key == nullptr) return;
  view.config_revision = key->revision;
  auto parsed = parse_json(key->value);
  if (!parsed || !parsed->is_object()) return;
  view.config = ConfigDocument{std::move(parsed->get_object()), key->revision};
}

void add_status(const StoredKeys& keys, ClusterView& view) {
  const StoredKey* status = find(keys, "status");
  const StoredKey* optime = find(keys, "optime/leader");
  if (status != nullptr) view.status_revision = status->revision;
  // A leader that publishes no version writes only the old key; what stands in `status` is of a leader before it.
  const Member* leader = view.leader_member();
  const bool old_leader = leader != nullptr && leader->version.empty();
  if (optime != nullptr && (status == nullptr || old_leader)) {
    view.status = parse_optime(optime->value);
  } else if (status != nullptr) {
    view.status = parse_status(status->value);
  }
}

void add_documents(const StoredKeys& keys, ClusterView& view) {
  if (const StoredKey* key = find(keys, "failover")) {
    view.failover_revision = key->revision;
    view.failover = parse_failover(key->value);
    if (view.failover) view.failover->revision = key->revision;
  }
  if (const StoredKey* key = find(keys, "sync")) {
    view.sync = parse_sync(key->value);
    view.sync.revision = key->revision;
  }
  if (const StoredKey* key = find(keys, "history")) {
    view.history = parse_history(key->value);
    if (view.history) view.history->revision = key->revision;
  }
  if (const StoredKey* key = find(keys, "timeline")) {
    view.timeline_revision = key->revision;
    view.claimed_timeline = parse_timeline_claim(key->value);
  }
  if (const StoredKey* key = find(keys, "failsafe")) {
    view.failsafe = parse_failsafe(key->value);
    view.failsafe_revision = key->revision;
  }
}

}  // namespace

ClusterView build_view(const StoredKeys& keys, std::string store_id, std::int64_t revision) {
  ClusterView view;
  view.store_id = std::move(store_id);
  view.revision = revision;
  if (const StoredKey* key = find(keys, "initialize")) view.initialize = InitializeKey{key->value, key->revision};
  // An empty name is nobody's lock, but the key is there and keeps others from taking it.
  if (const StoredKey* key = find(keys, "leader")) {
    view.leader = LeaderEntry{{key->value, key->create_revision, key->session}, key->revision};
  }
  add_members(keys, view);
  add_config(keys, view);
  add_status(keys, view);
  add_documents(keys, view);
  return view;
}

namespace {

// "2.1.0" or later, in dotted integers; anything else is old or unknown.
bool reads_status(std::string_view version) {
  int numbers[2] = {0, 0};
  const char* at = version.data();
  const char* end = at + version.size();
  for (int& number : numbers) {
    const auto [next, ec] = std::from_chars(at, end, number);
    if (ec != std::errc()) return false;
    at = next == end ? end : next + 1;
  }
  return numbers[0] > 2 || (numbers[0] == 2 && numbers[1] >= 1);
}

}  // namespace

bool needs_optime_leader(const ClusterView& view) {
  return std::any_of(view.members.begin(), view.members.end(),
                     [](const Member& member) { return !reads_status(member.version); });
}

}  // namespace tamada
