// Every state that the resolver, PostgreSQL, the store and a handful of mishaps can reach together, in a small world:
// whoever /sync lets be elected has every acknowledged commit. The world is judged by its own arithmetic, not by
// core/sync_law.h.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <functional>
#include <set>
#include <unordered_set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/sync_resolver.h"

namespace tamada {
namespace {

constexpr int kMost = 3;
constexpr std::array<const char*, kMost> kNames{"a", "b", "c"};
using Set = unsigned;  // bit i: kNames[i]

struct Names {
  int count = 0;
  Set names = 0;
  bool any = false;
  bool star = false;
  auto operator<=>(const Names&) const = default;
};

struct Sync {
  bool exists = false;
  Set voters = 0;
  int quorum = 0;
  auto operator<=>(const Sync&) const = default;
};

// Positions are small ranks: only their order matters.
struct World {
  Sync sync;
  int sync_revision = 0;
  std::optional<Sync> in_flight;  // a write that may still land while /sync has this revision
  int in_flight_revision = 0;
  Names file;               // what the next reload brings
  Names names;              // what a new process reads
  Names before;             // what the stale ones still read
  Set stale = 0;            // walsenders that have not read `names` yet
  bool gate_stale = false;  // the checkpointer has not: commits wait for nobody
  // The signal had reached every process when WAL ended here: what a walsender sends after that it sends after it has
  // read the names, so that a stale one hears of nothing beyond. 0 = no such proof.
  int told_at = 0;
  Set connected = 0;
  std::array<int, kMost> flushed{};
  int end = 1;
  int acknowledged = 0;
  bool quorum_mode = false;
  bool strict = false;
  int wanted = 1;
  bool crashed = false;  // the daemon knows nothing
  SyncMemory memory;
  // how much may still happen
  int losses = 0, crashes = 0, switches = 0, faults = 0;
};

class Model {
 public:
  explicit Model(int standbys) : standbys_(standbys) {
    for (int i = 0; i < standbys; ++i) {
      Member m;
      m.name = kNames[i];
      m.state = PgState::Running;
      view_.members.push_back(std::move(m));
    }
    Member me;
    me.name = "p";
    view_.members.push_back(std::move(me));
  }

  Set all() const { return (1u << standbys_) - 1; }

  // Returns what went wrong, with the way there; empty = nothing.
  std::string explore(const std::vector<World>& starts, std::size_t at_most) {
    std::vector<std::pair<World, std::size_t>> found;  // world, where it came from
    std::vector<std::string> how;
    std::unordered_set<std::string> seen;
    const auto add = [&](World w, std::size_t from, const std::string& by) {
      normalise(w);
      if (!seen.insert(key(w)).second) return;
      found.emplace_back(std::move(w), from);
      how.push_back(by);
    };
    for (const World& start : starts) add(start, found.size(), "begin");
    for (std::size_t i = 0; i < found.size() && i < at_most; ++i) {
      const World w = found[i].first;
      if (const std::string wrong = judge(w); !wrong.empty()) {
        std::string text = wrong;
        for (std::size_t at = i;; at = found[at].second) {
          text += "\n  " + how[at] + " -> " + show(found[at].first);
          if (at == found[at].second) break;
        }
        return text;
      }
      step(w, [&](World next, const std::string& by) { add(std::move(next), i, by); });
    }
    explored_ = found.size();
    return "";
  }
  std::size_t explored() const { return explored_; }
  const std::set<std::string>& rules() const { return rules_; }

  // The world as it begins, at rest, and at rest with one standby away: in both of these most goes on from.
  std::vector<World> starts(const World& first) {
    std::vector<World> out{first};
    const World rest = settle(first);
    out.push_back(rest);
    for (int i = 0; i < standbys_; ++i) {
      World without = rest;
      without.connected &= ~(1u << i);
      without.memory.missing = {{kNames[static_cast<std::size_t>(i)], Instant(0s)}};
      out.push_back(settle(without));
    }
    return out;
  }

  // Steps alone, nothing going wrong: does it come to rest, and where?
  World settle(World w) {
    for (int i = 0; i < 40; ++i) {
      World last = w;
      bool moved = false;
      resolver_step(w, [&](World next, const std::string& by) {
        if (!moved && by.find("lost") == std::string::npos && by.find("crash") == std::string::npos &&
            by.find("fails") == std::string::npos) {
          last = std::move(next);
          moved = true;
        }
      });
      w = last;
      w.stale = 0;
      w.gate_stale = false;
      for (int s = 0; s < standbys_; ++s) {
        if (w.connected >> s & 1) w.flushed[static_cast<std::size_t>(s)] = w.end;
      }
      if (!moved) return w;
    }
    ADD_FAILURE() << "the resolver does not come to rest: " << show(w);
    return w;
  }

  std::string show(const World& w) const {
    return fmt::format(
        "/sync {}{} q{}{} file {} names {} before {} stale {}{} told {} connected {} flushed {},{},{} end {} acked {} "
        "mark {}{}{}",
        w.sync.exists ? "" : "absent ", set_text(w.sync.voters), w.sync.quorum, w.in_flight ? " (write in flight)" : "",
        text(w.file), text(w.names), text(w.before), set_text(w.stale), w.gate_stale ? "+gate" : "", w.told_at,
        set_text(w.connected), w.flushed[0], w.flushed[1], w.flushed[2], w.end, w.acknowledged, w.memory.mark.bytes,
        w.memory.settled ? " settled" : "", w.memory.fenced ? " fenced" : "");
  }

 private:
  using Next = std::function<void(World, const std::string&)>;

  static std::string set_text(Set s) {
    std::string out = "{";
    for (int i = 0; i < kMost; ++i) {
      if (s >> i & 1) out += kNames[static_cast<std::size_t>(i)];
    }
    return out + "}";
  }
  static std::string text(const Names& n) {
    SyncNames names;
    names.method = n.any ? SyncNames::Method::Quorum : SyncNames::Method::Priority;
    names.count = n.count;
    if (n.star) names.names.push_back("*");
    for (int i = 0; i < kMost; ++i) {
      if (n.names >> i & 1) names.names.push_back(kNames[static_cast<std::size_t>(i)]);
    }
    return format_sync_names(names);
  }
  static Names from_text(const std::string& value) {
    const SyncNames parsed = parse_sync_names(value).value();
    Names n;
    n.count = parsed.count;
    n.any = parsed.method == SyncNames::Method::Quorum;
    n.star = parsed.everybody();
    for (int i = 0; i < kMost; ++i) {
      if (parsed.lists(kNames[static_cast<std::size_t>(i)])) n.names |= 1u << i;
    }
    return n;
  }

  static Sync from_state(const SyncState& s) {
    Sync out{true, 0, s.quorum};
    for (int i = 0; i < kMost; ++i) {
      if (s.lists(kNames[static_cast<std::size_t>(i)])) out.voters |= 1u << i;
    }
    return out;
  }

  Settings settings_of(const World& w) const {
    Settings s;
    s.dynamic.synchronous_mode = w.quorum_mode ? SynchronousMode::Quorum : SynchronousMode::On;
    s.dynamic.synchronous_mode_strict = w.strict;
    s.dynamic.synchronous_node_count = w.wanted;
    return s;
  }

  SyncInput input_of(const World& w, const Settings& settings) const {
    SyncInput in{settings, "p", view_, {}, {}, Instant(100s)};
    if (w.sync.exists) {
      in.sync.leader = "p";
      in.sync.quorum = w.sync.quorum;
      for (int i = 0; i < standbys_; ++i) {
        if (w.sync.voters >> i & 1) in.sync.standbys.push_back(kNames[static_cast<std::size_t>(i)]);
      }
    }
    in.sync.revision = w.sync_revision;
    in.server.names = text(w.names);
    in.server.server_version = 150000;
    in.server.position = Lsn{static_cast<std::uint64_t>(w.end)};
    for (int i = 0; i < standbys_; ++i) {
      if (!(w.connected >> i & 1)) continue;
      WalSender s;
      s.application_name = kNames[static_cast<std::size_t>(i)];
      s.state = "streaming";
      const bool old = w.stale >> i & 1;
      const Names& read = old ? w.before : w.names;
      s.sync_priority = read.star || (read.names >> i & 1) ? 1 : 0;
      s.sync_state = s.sync_priority == 0 ? "async" : "sync";
      s.sent = Lsn{static_cast<std::uint64_t>(old ? 0 : w.end)};
      s.flushed = s.written = s.replayed = Lsn{static_cast<std::uint64_t>(w.flushed[static_cast<std::size_t>(i)])};
      in.server.senders.push_back(std::move(s));
    }
    return in;
  }

  // ---- what goes wrong --------------------------------------------------------------------------------------------
  std::string judge(const World& w) const {
    int without = 0;
    for (int i = 0; i < standbys_; ++i) {
      const bool lacks = w.flushed[static_cast<std::size_t>(i)] < w.acknowledged;
      if ((w.sync.voters >> i & 1) && lacks) ++without;
    }
    // quorum + 1 of the voters may elect; the leader itself lacks nothing.
    if (without > w.sync.quorum) return "a commit can be lost by an election";
    return "";
  }

  // ---- what may happen --------------------------------------------------------------------------------------------
  void step(const World& w, const Next& next) {
    for (int i = 0; i < standbys_; ++i) {
      const Set bit = 1u << i;
      const auto at = static_cast<std::size_t>(i);
      const int hears = (w.stale & bit) && w.told_at > 0 ? std::min(w.told_at, w.end) : w.end;
      if ((w.connected & bit) && w.flushed[at] < hears) {
        World n = w;
        n.flushed[at] = hears;
        next(n, fmt::format("{} flushes", kNames[at]));
      }
      if ((w.connected & bit) && w.losses > 0) {
        World n = w;
        n.connected &= ~bit;
        n.stale &= ~bit;
        --n.losses;
        next(n, fmt::format("{} goes", kNames[at]));
      }
      if (!(w.connected & bit)) {
        World n = w;
        n.connected |= bit;
        next(n, fmt::format("{} comes", kNames[at]));
      }
      if (w.stale & bit) {
        World n = w;
        n.stale &= ~bit;
        next(n, fmt::format("walsender of {} reads the names", kNames[at]));
      }
    }
    if (w.gate_stale) {
      World n = w;
      n.gate_stale = false;
      next(n, "the checkpointer reads the names");
    }
    if (w.end == highest(w) && w.end <= 3) {
      World n = w;
      ++n.end;
      next(n, "a write");
    }
    acknowledge(w, next);
    if (w.in_flight) {
      World n = w;
      if (n.in_flight_revision == n.sync_revision) {
        n.sync = *n.in_flight;
        ++n.sync_revision;
      }
      n.in_flight.reset();
      next(n, "the late write lands, or is refused");
    }
    if (w.file != w.names && !w.crashed) {
      World n = w;
      reload(n);
      next(n, "somebody reloads");
    }
    if (w.crashes > 0) {
      World n = w;
      --n.crashes;
      n.memory = {};
      next(n, "the daemon begins anew");
    }
    if (w.switches > 0) {
      World n = w;
      --n.switches;
      n.quorum_mode = !w.quorum_mode;
      next(n, "the other mode is set");
      n = w;
      --n.switches;
      n.wanted = w.wanted == 1 ? 2 : 1;
      next(n, "the number is changed");
    }
    if (!w.memory.missing.empty()) {
      World n = w;
      bool changed = false;
      for (auto& [name, since] : n.memory.missing) {
        changed |= since != Instant(0s);
        since = Instant(0s);
      }
      if (changed) next(n, "the grace ends");
    }
    resolver_step(w, next);
  }

  int highest(const World& w) const { return std::max(w.end, *std::max_element(w.flushed.begin(), w.flushed.end())); }

  // The highest position that some mixture of old and new names lets go.
  void acknowledge(const World& w, const Next& next) const {
    // A walsender whose own reading of the names does not list its standby releases nothing.
    const bool mixed = (w.before.star ? w.stale : w.stale & w.before.names) != 0;
    const Names& other = mixed ? w.before : w.names;
    int needed = std::min(w.names.count, other.count);
    const bool everybody = w.names.star || other.star;
    const Set listed = everybody ? all() : w.names.names | other.names;
    if (w.gate_stale) needed = 0;
    std::vector<int> have;
    for (int i = 0; i < standbys_; ++i) {
      if ((w.connected & listed) >> i & 1) have.push_back(w.flushed[static_cast<std::size_t>(i)]);
    }
    std::sort(have.rbegin(), have.rend());
    int to = w.end;
    if (needed > static_cast<int>(have.size())) return;
    if (needed > 0) to = have[static_cast<std::size_t>(needed - 1)];
    if (to <= w.acknowledged) return;
    World n = w;
    n.acknowledged = to;
    next(n, "commits are acknowledged");
  }

  static void reload(World& w) {
    if (w.file == w.names) return;
    const Set releasing = w.before.star ? w.stale : w.stale & w.before.names;
    if (releasing != 0 && w.before.count > 0 && w.names.count > 0) {
      // A third value beside two: the stale ones read the weakest of the old.
      w.before.count = std::min(w.before.count, w.names.count);
      w.before.names |= w.names.names;
      w.before.star |= w.names.star;
    } else if (releasing == 0 || w.names.count > 0) {
      w.before = w.names;
    }
    w.told_at = 0;
    if (w.names.count == 0 && w.file.count > 0) w.gate_stale = true;
    w.names = w.file;
    if (w.names.count == 0) w.gate_stale = false;
    w.stale = w.before.star || w.names.star ? w.connected : w.connected & (w.before.names | w.names.names);
  }

  void resolver_step(const World& from, const Next& next) {
    World w = from;
    const Settings settings = settings_of(w);
    const SyncInput in = input_of(w, settings);
    note_seen(w.memory, in);
    const SyncStep step = resolve_sync(in, w.memory);
    rules_.insert(step.rule);
    const auto by = [&](const char* what) { return step.rule + " " + what; };
    switch (step.action) {
      case SyncAction::Nothing:
      case SyncAction::Wait:
        if (key(w) != key(from)) next(w, by("looks"));
        return;
      case SyncAction::DeleteSync:
        return;
      case SyncAction::WriteSync: {
        const Sync to = from_state(step.sync);
        World n = w;
        n.sync = to;
        ++n.sync_revision;
        note_sync_write(n.memory, true);
        next(n, by("is written"));
        if (w.faults == 0) return;
        --w.faults;
        n = w;
        n.sync = to;
        ++n.sync_revision;
        note_sync_write(n.memory, false);
        next(n, by("is written, the answer lost"));
        n.memory = {};
        next(n, by("is written, then a crash"));
        n = w;
        note_sync_write(n.memory, false);
        next(n, by("is lost"));
        n.in_flight = to;
        n.in_flight_revision = w.sync_revision;
        next(n, by("is late, the answer lost"));
        n.memory = {};
        next(n, by("is late, then a crash"));
        return;
      }
      case SyncAction::SetNames: {
        note_names_asked(w.memory, step.names);
        World n = w;
        n.file = from_text(step.names);
        const World written = n;
        reload(n);
        const World reloaded = n;
        note_names_ended(n.memory, step.names, true);
        next(n, by("sets the names"));
        if (w.faults == 0) return;
        const auto fault = [&](World f, const char* what, bool crash) {
          --f.faults;
          if (crash) {
            f.memory = {};
            // The next start writes the file anew as the server has it.
            f.file = f.names;
          } else {
            note_names_ended(f.memory, step.names, false);
          }
          next(f, by(what));
        };
        fault(w, "fails before the file", false);
        fault(written, "fails before the reload", false);
        fault(reloaded, "fails after the reload", false);
        fault(written, "crashes before the reload", true);
        fault(reloaded, "crashes after the reload", true);
        return;
      }
      case SyncAction::TakeMark: {
        // It proves that the signal went to everybody; the checkpointer has acted on it.
        if (w.file != w.names) return;
        World n = w;
        n.gate_stale = false;
        n.told_at = highest(w);
        n.end = highest(w) + 1;
        note_mark(n.memory, Lsn{static_cast<std::uint64_t>(n.end)});
        next(n, by("takes a mark"));
        return;
      }
    }
  }

  // Keeps the order of all positions and forgets their distances, and which revision it is.
  void normalise(World& w) const {
    if (w.stale == 0) w.told_at = 0;
    std::set<int> values{0, w.end, w.acknowledged, w.told_at, static_cast<int>(w.memory.mark.bytes)};
    for (int i = 0; i < standbys_; ++i) values.insert(w.flushed[static_cast<std::size_t>(i)]);
    const auto rank = [&](int v) { return static_cast<int>(std::distance(values.begin(), values.find(v))); };
    w.end = rank(w.end);
    w.acknowledged = rank(w.acknowledged);
    w.told_at = rank(w.told_at);
    w.memory.mark = Lsn{static_cast<std::uint64_t>(rank(static_cast<int>(w.memory.mark.bytes)))};
    for (int i = 0; i < standbys_; ++i)
      w.flushed[static_cast<std::size_t>(i)] = rank(w.flushed[static_cast<std::size_t>(i)]);
    if (w.in_flight && w.in_flight_revision != w.sync_revision) w.in_flight.reset();
    w.in_flight_revision = w.sync_revision = w.sync.exists ? 1 : 0;
    if (w.stale == 0) w.before = {};
  }

  // All of it, short: most of the time goes into comparing worlds.
  std::string key(const World& w) const {
    std::string k;
    const auto put = [&k](auto... values) { (k.push_back(static_cast<char>(values)), ...); };
    const auto put_names = [&](const Names& n) { put(n.count, n.names, n.any, n.star); };
    const SyncMemory& m = w.memory;
    put(w.sync.exists, w.sync.voters, w.sync.quorum, w.in_flight.has_value());
    if (w.in_flight) put(w.in_flight->voters, w.in_flight->quorum);
    put_names(w.file);
    put_names(w.names);
    put_names(w.before);
    put(w.stale, w.gate_stale, w.told_at, w.connected, w.flushed[0], w.flushed[1], w.flushed[2], w.end, w.acknowledged);
    put(w.quorum_mode, w.strict, w.wanted, w.losses, w.crashes, w.switches, w.faults);
    put(m.fenced, m.names_unclear, m.settled, m.waiting_is_on, m.mark.bytes, m.in_force.has_value());
    if (m.in_force) {
      put(m.in_force->count, m.in_force->anybody);
      for (const auto& n : m.in_force->names) k += n;
    }
    k += '|' + m.names;
    for (const auto& [name, since] : m.missing) k += name + (since == Instant(0s) ? "!" : "?");
    return k;
  }

  int standbys_;
  ClusterView view_;
  std::size_t explored_ = 0;
  std::set<std::string> rules_;
};

// TAMADA_SYNC_STATES=400000 takes minutes.
std::size_t most_states() {
  const char* wanted = std::getenv("TAMADA_SYNC_STATES");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 30000;
}

struct Case {
  int standbys;
  bool quorum;
  bool strict;
  int wanted;
  int losses, crashes, switches, faults;
  std::size_t at_most;
};

class SyncWorld : public ::testing::TestWithParam<Case> {};

TEST_P(SyncWorld, LosesNoAcknowledgedCommit) {
  const Case& c = GetParam();
  Model model(c.standbys);
  World first;
  first.quorum_mode = c.quorum;
  first.strict = c.strict;
  first.wanted = c.wanted;
  first.losses = c.losses;
  first.crashes = c.crashes;
  first.switches = c.switches;
  first.faults = c.faults;
  first.connected = model.all();
  const std::string wrong = model.explore(model.starts(first), c.at_most);
  EXPECT_EQ(wrong, "");
  RecordProperty("states", std::to_string(model.explored()));
  EXPECT_GT(model.explored(), 1000u);
}

TEST_P(SyncWorld, ComesToRestWithTheChosenStandbys) {
  const Case& c = GetParam();
  Model model(c.standbys);
  World first;
  first.quorum_mode = c.quorum;
  first.strict = c.strict;
  first.wanted = c.wanted;
  first.connected = model.all();
  World rest = model.settle(first);
  const int listed = std::popcount(rest.sync.voters);
  EXPECT_EQ(listed, c.quorum ? c.standbys : std::min(c.wanted, c.standbys)) << model.show(rest);
  EXPECT_EQ(rest.sync.quorum, c.quorum ? c.standbys - std::min(c.wanted, c.standbys) : 0);
  // One of them goes for good.
  rest.connected &= ~(1u << (c.standbys - 1));
  rest.connected &= ~1u;
  rest.memory.missing = {{"a", Instant(0s)}, {"b", Instant(0s)}, {"c", Instant(0s)}};
  const World after = model.settle(rest);
  const int left = std::popcount(after.connected);
  EXPECT_EQ(after.sync.voters & ~after.connected, 0u) << model.show(after);
  EXPECT_EQ(std::popcount(after.sync.voters), std::min(left, c.quorum ? left : c.wanted)) << model.show(after);
}

INSTANTIATE_TEST_SUITE_P(Worlds, SyncWorld,
                         ::testing::Values(Case{2, false, false, 1, 1, 1, 0, 1, most_states()},
                                           Case{2, false, false, 2, 1, 1, 0, 1, most_states()},
                                           Case{2, true, false, 1, 1, 1, 0, 1, most_states()},
                                           Case{2, false, true, 1, 1, 1, 0, 1, most_states()},
                                           Case{2, true, true, 2, 1, 1, 0, 1, most_states()},
                                           Case{2, false, false, 1, 1, 0, 2, 0, most_states()},
                                           Case{3, false, false, 2, 1, 0, 0, 1, most_states()},
                                           Case{3, true, false, 1, 1, 0, 1, 0, most_states()},
                                           Case{3, true, false, 2, 1, 0, 0, 1, most_states()}));

}  // namespace
}  // namespace tamada
