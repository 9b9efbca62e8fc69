#include "core/sync_candidates.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace tamada {

namespace {

constexpr int kFirstWithSeveral = 90600;
constexpr int kFirstWithQuorum = 100000;

struct Candidate {
  std::string name;
  int priority = 1;
  std::string sync_state;
  Lsn position;
  bool nofailover = false;
};

bool among(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [name](const std::string& n) { return equal_ignoring_case(n, name); });
}

// It cascades from another standby that streams from here, so what it receives here is for a moment only.
bool should_cascade(const SyncChoiceInput& in, const Member& member) {
  const auto source = member.tags.replicatefrom();
  return source && !equal_ignoring_case(*source, in.me) && !equal_ignoring_case(*source, member.name) &&
         in.view.member(*source) != nullptr && sender_of(in.server, *source) != nullptr;
}

std::optional<std::string> why_not(const SyncChoiceInput& in, const Member& member) {
  if (member.tags.nosync()) return "it carries the tag nosync";
  if (member.tags.nostream()) return "it carries the tag nostream";
  if (member.state != PgState::Running) return "its key does not say that it runs";
  if (should_cascade(in, member)) return "it replicates from another standby";
  return std::nullopt;
}

// One in duty that stopped streaming a moment ago keeps its place; when its own key says that it stops, at once not.
bool in_grace(const SyncChoiceInput& in, const Member& member) {
  const auto since = in.missing.find(to_lower(member.name));
  return among(in.in_duty, member.name) && (since == in.missing.end() || in.now - since->second < kSyncGrace);
}

std::vector<Candidate> candidates_of(const SyncChoiceInput& in, SyncChoice& out) {
  std::vector<Candidate> found;
  for (const Member& member : in.view.members) {
    if (equal_ignoring_case(member.name, in.me)) continue;
    const WalSender* sender = sender_of(in.server, member.name);
    auto reason = why_not(in, member);
    if (!reason && sender == nullptr && !in_grace(in, member)) reason = "it does not stream from here";
    if (reason) {
      out.details.push_back(fmt::format("{} is no synchronous standby: {}", member.name, *reason));
      continue;
    }
    Candidate c{.name = member.name, .priority = member.tags.sync_priority(), .sync_state = "sync"};
    c.nofailover = member.tags.nofailover();
    if (sender != nullptr) {
      // A walsender that has not read the names yet still says async: the choice made a moment ago stands.
      c.sync_state = in.in_force.lists(member.name) ? "sync" : sender->sync_state;
      c.position = confirmed_position(*sender, in.server.synchronous_commit);
      if (!c.position.known()) continue;
    }
    found.push_back(std::move(c));
  }
  return found;
}

// maximum_lag_on_syncnode: against the most advanced one, or this primary where there is only one.
void drop_lagging(const SyncChoiceInput& in, std::vector<Candidate>& candidates, SyncChoice& out) {
  const std::int64_t allowed = in.settings.dynamic.maximum_lag_on_syncnode;
  if (allowed <= 0) return;
  Lsn front;
  int known = 0;
  for (const Candidate& c : candidates) {
    front = std::max(front, c.position);
    known += c.position.known() ? 1 : 0;
  }
  if (known == 1) front = in.server.position;
  std::erase_if(candidates, [&](const Candidate& c) {
    const std::uint64_t lag = c.position.known() ? lag_bytes(front, c.position) : 0;
    if (lag <= static_cast<std::uint64_t>(allowed)) return false;
    out.details.push_back(fmt::format("{} is no synchronous standby: it is {} bytes behind", c.name, lag));
    return true;
  });
}

// sync > quorum > potential > async is the reverse of the alphabet.
bool goes_before(const Candidate& a, const Candidate& b) {
  if (a.nofailover != b.nofailover) return b.nofailover;
  if (a.priority != b.priority) return a.priority > b.priority;
  if (a.sync_state != b.sync_state) return a.sync_state > b.sync_state;
  if (a.position != b.position) return a.position > b.position;
  return a.name < b.name;
}

int wanted_number(const SyncChoiceInput& in) {
  const DynamicSettings& dynamic = in.settings.dynamic;
  const int wanted = std::max(dynamic.synchronous_node_count, dynamic.synchronous_mode_strict ? 1 : 0);
  return in.server.server_version < kFirstWithSeveral ? std::min(wanted, 1) : wanted;
}

}  // namespace

bool quorum_form(const Settings& settings, int server_version) {
  return settings.dynamic.synchronous_mode == SynchronousMode::Quorum && server_version >= kFirstWithQuorum;
}

Lsn confirmed_position(const WalSender& sender, const std::string& synchronous_commit) {
  if (synchronous_commit == "remote_apply") return sender.replayed;
  if (synchronous_commit == "remote_write") return sender.written;
  return sender.flushed;
}

const WalSender* sender_of(const SyncReplication& server, std::string_view member) {
  const WalSender* best = nullptr;
  for (const WalSender& sender : server.senders) {
    if (sender.state != "streaming" || !equal_ignoring_case(sender.application_name, member)) continue;
    if (best == nullptr || sender.flushed > best->flushed) best = &sender;
  }
  return best;
}

SyncChoice choose_standbys(const SyncChoiceInput& in) {
  SyncChoice out;
  out.wanted = wanted_number(in);
  std::vector<Candidate> candidates = candidates_of(in, out);
  drop_lagging(in, candidates, out);
  std::sort(candidates.begin(), candidates.end(), goes_before);
  const bool quorum = quorum_form(in.settings, in.server.server_version);
  for (const Candidate& c : candidates) {
    const bool enough = static_cast<int>(out.names.size()) >= out.wanted;
    // A vote of one that may not lead is asked for only while others are too few.
    if (enough && (!quorum || c.nofailover || out.wanted == 0)) {
      out.details.push_back(fmt::format("{} could be a synchronous standby, but {} are enough", c.name, out.wanted));
      continue;
    }
    out.names.push_back(c.name);
  }
  return out;
}

}  // namespace tamada
