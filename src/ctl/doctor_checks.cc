#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "core/timing.h"
#include "ctl/doctor.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr double kClockTolerance = 2;                           // the Date header has whole seconds
constexpr std::uint64_t kMuchWal = 10ULL * 1024 * 1024 * 1024;  // kept by one slot
constexpr double kLittleSpace = 10;                             // percent
constexpr double kHardlySpace = 3;

using enum Severity;

class Findings {
 public:
  void add(Severity severity, std::string text) { result_.findings.push_back({severity, std::move(text)}); }
  CheckResult done() { return std::move(result_); }

 private:
  CheckResult result_;
};

CheckResult skip(std::string why) {
  return {{}, std::move(why)};
}

bool leads(const ClusterReport& r, const Member& member) {
  return r.view.leader && r.view.leader->name() == member.name;
}

std::vector<const Member*> standbys(const ClusterReport& r) {
  std::vector<const Member*> out;
  for (const Member& member : r.view.members) {
    if (!leads(r, member)) out.push_back(&member);
  }
  return out;
}

std::uint64_t lag_of(const ClusterReport& r, const Member& member) {
  if (!r.view.status || !member.xlog_location.known()) return 0;
  return lag_bytes(r.view.status->optime, member.xlog_location);
}

bool may_take_over(const ClusterReport& r, const Member& member) {
  const bool runs = member.state == PgState::Running && member.xlog_location.known();
  return runs && !member.tags.nofailover() && lag_of(r, member) <= r.settings.dynamic.maximum_lag_on_failover;
}

// Asks `look` of every member that told about itself.
template <class Look>
CheckResult each_own(const ClusterReport& r, Look look) {
  Findings out;
  bool any = false;
  for (const MemberReport& m : r.members) {
    if (!m.own) continue;
    any = true;
    look(m, *m.own, out);
  }
  return any ? out.done() : skip("no member tells its settings (Tamada members do, while they can be reached)");
}

template <class Look>
CheckResult each_status(const ClusterReport& r, Look look) {
  Findings out;
  bool any = false;
  for (const MemberReport& m : r.members) {
    if (!m.status) continue;
    any = true;
    look(m, *m.status, out);
  }
  return any ? out.done() : skip("no member's REST API can be reached");
}

std::string list(const std::map<std::string, std::string>& by_member) {
  std::vector<std::string> parts;
  for (const auto& [member, value] : by_member) parts.push_back(fmt::format("{} has {}", member, value));
  return join(parts, ", ");
}

CheckResult differing(const std::map<std::string, std::string>& by_member, Severity severity, std::string_view what) {
  std::set<std::string> values;
  for (const auto& [member, value] : by_member) values.insert(value);
  Findings out;
  if (values.size() > 1) out.add(severity, fmt::format("{}: {}", what, list(by_member)));
  return out.done();
}

// --- the cluster in the store

CheckResult has_leader(const ClusterReport& r) {
  Findings out;
  if (!r.view.leader) {
    out.add(Critical, "nobody holds the leader lock");
  } else if (!r.view.leader_member()) {
    out.add(Critical, fmt::format("{} holds the leader lock and is no member", r.view.leader->name()));
  }
  return out.done();
}

CheckResult initialized(const ClusterReport& r) {
  Findings out;
  if (!r.view.initialize || !r.view.initialize->valid()) out.add(Warning, "the store holds no system identifier");
  return out.done();
}

CheckResult members_run(const ClusterReport& r) {
  Findings out;
  for (const Member& m : r.view.members) {
    if (m.state != PgState::Running) {
      out.add(leads(r, m) ? Critical : Warning, fmt::format("{} is {}", m.name, m.state_text));
    }
  }
  return out.done();
}

// The member key may be a loop_wait old.
bool streams_now(const ClusterReport& r, const Member& member) {
  return std::any_of(r.members.begin(), r.members.end(), [&](const MemberReport& m) {
    return m.member.name == member.name && m.status &&
           stored::text_field(*m.status, "replication_state") == "streaming";
  });
}

CheckResult standbys_stream(const ClusterReport& r) {
  Findings out;
  for (const Member* m : standbys(r)) {
    if (m->state == PgState::Running && m->replication_state != "streaming" && !streams_now(r, *m)) {
      out.add(Warning, fmt::format("{} does not stream{}", m->name,
                                   m->replication_state.empty() ? "" : ", it is " + m->replication_state));
    }
  }
  return out.done();
}

CheckResult one_timeline(const ClusterReport& r) {
  const Member* leader = r.view.leader_member();
  if (leader == nullptr || !leader->timeline.known()) return skip("the leader's timeline is not known");
  Findings out;
  for (const Member* m : standbys(r)) {
    if (m->timeline.known() && m->timeline != leader->timeline) {
      out.add(Warning,
              fmt::format("{} is on timeline {}, the leader on {}", m->name, m->timeline.id, leader->timeline.id));
    }
  }
  return out.done();
}

CheckResult lag(const ClusterReport& r) {
  if (!r.view.status) return skip("the leader has not published its position");
  Findings out;
  for (const Member* m : standbys(r)) {
    const std::uint64_t behind = lag_of(r, *m);
    if (behind > r.settings.dynamic.maximum_lag_on_failover) {
      out.add(Warning, fmt::format("{} is {} bytes behind, maximum_lag_on_failover is {}", m->name, behind,
                                   r.settings.dynamic.maximum_lag_on_failover));
    }
  }
  return out.done();
}

CheckResult has_candidate(const ClusterReport& r) {
  Findings out;
  const auto others = standbys(r);
  if (r.view.members.size() < 2) {
    out.add(Notice, "there is one member: nobody can take over");
  } else if (std::none_of(others.begin(), others.end(), [&](const Member* m) { return may_take_over(r, *m); })) {
    out.add(Critical, "no standby could be promoted now");
  }
  return out.done();
}

CheckResult nofailover_everywhere(const ClusterReport& r) {
  Findings out;
  const auto others = standbys(r);
  const bool all = std::all_of(others.begin(), others.end(), [](const Member* m) { return m->tags.nofailover(); });
  if (!others.empty() && all) out.add(Warning, "all standbys carry the tag nofailover");
  return out.done();
}

CheckResult not_paused(const ClusterReport& r) {
  Findings out;
  if (r.settings.dynamic.pause) out.add(Warning, "the cluster is paused: nobody is promoted automatically");
  return out.done();
}

CheckResult pending_restarts(const ClusterReport& r) {
  Findings out;
  for (const Member& m : r.view.members) {
    if (m.pending_restart) out.add(Warning, fmt::format("{} waits for a restart", m.name));
  }
  return out.done();
}

CheckResult requests_left(const ClusterReport& r) {
  Findings out;
  if (const auto& request = r.view.failover) {
    out.add(Notice, request->scheduled_at ? "a switchover is scheduled at " + format_iso8601(*request->scheduled_at)
                                          : fmt::format("a request stands in the store: from '{}' to '{}'",
                                                        request->leader, request->candidate));
  }
  return out.done();
}

CheckResult history_in_order(const ClusterReport& r) {
  if (!r.view.history) return skip("there is no history");
  Findings out;
  const auto& lines = r.view.history->lines;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (!(lines[i - 1].timeline < lines[i].timeline)) {
      out.add(Warning,
              fmt::format("timeline {} follows {} in the history", lines[i].timeline.id, lines[i - 1].timeline.id));
    } else if (lines[i].lsn < lines[i - 1].lsn) {
      out.add(Warning,
              fmt::format("timeline {} ends before timeline {} did", lines[i].timeline.id, lines[i - 1].timeline.id));
    }
  }
  const Member* leader = r.view.leader_member();
  const Timeline newest = r.view.history->cluster_timeline;
  if (leader != nullptr && leader->timeline.known() && newest.known() && leader->timeline < newest) {
    out.add(Critical,
            fmt::format("the leader is on timeline {}, the history knows {}", leader->timeline.id, newest.id));
  }
  return out.done();
}

CheckResult members_apart(const ClusterReport& r) {
  std::map<std::string, std::vector<std::string>> at;
  for (const Member& m : r.view.members) {
    if (!m.host().empty()) at[m.host()].push_back(m.name);
  }
  Findings out;
  for (const auto& [host, names] : at) {
    if (names.size() > 1) out.add(Notice, fmt::format("{} share the host {}", join(names, ", "), host));
  }
  return out.done();
}

// --- synchronous mode, failsafe mode, times

CheckResult synchronous(const ClusterReport& r) {
  const DynamicSettings& s = r.settings.dynamic;
  if (s.synchronous_mode == SynchronousMode::Off) return {};
  Findings out;
  const auto have = static_cast<int>(r.view.sync.standbys.size());
  if (have == 0 && s.synchronous_mode_strict) {
    out.add(Critical, "no standby is synchronous and synchronous_mode_strict is on: commits wait");
  } else if (have == 0) {
    out.add(Warning, "no standby is synchronous: a failover may lose commits");
  } else if (have < s.synchronous_node_count) {
    out.add(Warning, fmt::format("{} of {} wanted standbys are synchronous", have, s.synchronous_node_count));
  }
  return out.done();
}

CheckResult strict_with_reserve(const ClusterReport& r) {
  const DynamicSettings& s = r.settings.dynamic;
  if (s.synchronous_mode == SynchronousMode::Off || !s.synchronous_mode_strict) return {};
  const auto others = standbys(r);
  const auto fit = std::count_if(others.begin(), others.end(), [](const Member* m) { return !m->tags.nosync(); });
  Findings out;
  if (fit <= s.synchronous_node_count) {
    out.add(Notice, fmt::format("{} standbys can be synchronous and {} are needed: the loss of one stops all commits",
                                fit, s.synchronous_node_count));
  }
  return out.done();
}

CheckResult failsafe_map(const ClusterReport& r) {
  if (!r.settings.dynamic.failsafe_mode) return {};
  Findings out;
  for (const Member& m : r.view.members) {
    if (!m.api_url.empty() && !r.view.failsafe.contains(m.name)) {
      out.add(Warning, fmt::format("{} is not in /failsafe", m.name));
    }
  }
  return out.done();
}

CheckResult failsafe_off(const ClusterReport& r) {
  Findings out;
  if (!r.settings.dynamic.failsafe_mode) {
    out.add(Notice, "failsafe_mode is off: the primary is demoted when the store is lost");
  }
  return out.done();
}

CheckResult ttl_sum(const ClusterReport& r) {
  if (!r.view.config) return skip("there is no dynamic configuration");
  const json::object& config = r.view.config->value;
  const auto seconds = [&](std::string_view key, std::uint64_t fallback) {
    return config.contains(key) ? stored::number_field(config, key) : fallback;
  };
  const std::uint64_t ttl = seconds("ttl", 30);
  const std::uint64_t loop_wait = seconds("loop_wait", 10);
  const std::uint64_t retry_timeout = seconds("retry_timeout", 10);
  Findings out;
  if (loop_wait + 2 * retry_timeout > ttl) {
    out.add(Warning, fmt::format("loop_wait {} + 2 * retry_timeout {} is more than ttl {}; members use smaller values",
                                 loop_wait, retry_timeout, ttl));
  }
  return out.done();
}

CheckResult ttl_margin(const ClusterReport& r) {
  Findings out;
  if (const auto fits = check_timing(r.settings.dynamic, r.settings.dynamic.ttl); !fits) {
    out.add(Critical, fits.error().message);
  } else if (r.settings.dynamic.ttl < std::chrono::seconds(20)) {
    out.add(Notice, fmt::format("ttl {} s: a short stall of store or network changes the leader",
                                r.settings.dynamic.ttl.count()));
  }
  return out.done();
}

// --- the store

CheckResult store_hosts(const ClusterReport& r) {
  const EtcdSettings& etcd = r.settings.etcd3;
  if (r.settings.store != "etcd3") return skip("the configuration file has no etcd3 section");
  if (!etcd.srv.empty()) return skip("the store's nodes are found through DNS");
  std::set<std::string> hosts;
  for (const std::string& one : etcd.hosts) hosts.insert(one.substr(0, one.rfind(':')));
  Findings out;
  if (hosts.size() < 2) {
    out.add(Warning, fmt::format("the store is reached at one host only ({}): its end stops every failover",
                                 hosts.empty() ? "none" : *hosts.begin()));
  }
  return out.done();
}

CheckResult store_nodes_odd(const ClusterReport& r) {
  if (r.settings.store != "etcd3" || !r.settings.etcd3.srv.empty()) return skip("the store's nodes are not listed");
  Findings out;
  const std::size_t nodes = r.settings.etcd3.hosts.size();
  if (nodes > 1 && nodes % 2 == 0) {
    out.add(Notice, fmt::format("{} nodes of the store bear the loss of no more than {} do", nodes, nodes - 1));
  }
  return out.done();
}

CheckResult store_seen(const ClusterReport& r) {
  return each_status(r, [&](const MemberReport& m, const json::object& status, Findings& out) {
    const auto seen = static_cast<std::int64_t>(stored::number_field(status, "dcs_last_seen"));
    const std::int64_t now = std::chrono::floor<std::chrono::seconds>(r.now.time_since_epoch()).count();
    const double ahead = m.clock_ahead.value_or(0);
    const double ago = static_cast<double>(now - seen) + ahead;
    if (seen > 0 && ago > static_cast<double>(r.settings.dynamic.ttl.count())) {
      out.add(Warning, fmt::format("{} has not heard of the store for {:.0f} s", m.member.name, ago));
    }
  });
}

// --- what members answer

CheckResult reachable(const ClusterReport& r) {
  Findings out;
  for (const MemberReport& m : r.members) {
    if (!m.status) out.add(Warning, fmt::format("{}: {}", m.member.name, m.trouble));
  }
  return out.done();
}

CheckResult clocks(const ClusterReport& r) {
  const MemberReport* first = nullptr;
  Findings out;
  for (const MemberReport& m : r.members) {
    if (!m.clock_ahead) continue;
    if (std::abs(*m.clock_ahead) > kClockTolerance) {
      out.add(Warning,
              fmt::format("the clock of {} differs from this host's by {:.0f} s", m.member.name, *m.clock_ahead));
    }
    first = &m;
  }
  return first == nullptr ? skip("no member told its time") : out.done();
}

CheckResult one_system(const ClusterReport& r) {
  return each_status(r, [&](const MemberReport& m, const json::object& status, Findings& out) {
    const std::string id = stored::text_field(status, "database_system_identifier");
    if (!id.empty() && r.view.initialize && id != r.view.initialize->value) {
      out.add(Critical, fmt::format("{} has a data directory of system {}, the cluster is {}", m.member.name, id,
                                    r.view.initialize->value));
    }
  });
}

CheckResult server_versions(const ClusterReport& r) {
  std::map<std::string, std::string> majors;
  std::map<std::string, std::string> full;
  for (const MemberReport& m : r.members) {
    const std::uint64_t version = m.status ? stored::number_field(*m.status, "server_version") : 0;
    if (version == 0) continue;
    majors[m.member.name] = std::to_string(version / 10000);
    full[m.member.name] = fmt::format("{}.{}", version / 10000, version % 10000);
  }
  if (majors.empty()) return skip("no member told the version of its PostgreSQL");
  CheckResult major = differing(majors, Critical, "PostgreSQL's major version differs");
  if (!major.findings.empty()) return major;
  return differing(full, Notice, "PostgreSQL's minor version differs");
}

CheckResult daemon_versions(const ClusterReport& r) {
  std::map<std::string, std::string> versions;
  for (const Member& m : r.view.members) versions[m.name] = m.tamada_version.empty() ? "Patroni" : m.tamada_version;
  return differing(versions, Notice, "the daemons differ");
}

CheckResult health(const ClusterReport& r) {
  return each_status(r, [](const MemberReport& m, const json::object& status, Findings& out) {
    const auto own = stored::object_field(status, "tamada");
    const auto health = own ? stored::object_field(*own, "health") : std::nullopt;
    if (!health) return;
    const std::string state = stored::text_field(*health, "state");
    const auto trouble = stored::object_field(*health, "trouble").value_or(json::object{});
    for (const auto& [check, text] : trouble) {
      out.add(state == "sick" ? Critical : Warning,
              fmt::format("{}: {}: {}", m.member.name, std::string_view(check), stored::text_field(trouble, check)));
    }
    if (const auto notice = stored::text_field(*health, "notice"); !notice.empty()) {
      out.add(Warning, fmt::format("{}: {}", m.member.name, notice));
    }
  });
}

CheckResult slot_gaps(const ClusterReport& r) {
  return each_status(r, [](const MemberReport& m, const json::object& status, Findings& out) {
    const auto own = stored::object_field(status, "tamada");
    const auto gaps = own ? stored::object_field(*own, "logical_slot_gaps") : std::nullopt;
    for (const auto& [slot, why] : gaps.value_or(json::object{})) {
      out.add(Critical,
              fmt::format("consumers of slot {} on {} may have missed changes", std::string_view(slot), m.member.name));
    }
  });
}

CheckResult watchdog_works(const ClusterReport& r) {
  return each_status(r, [](const MemberReport& m, const json::object& status, Findings& out) {
    if (!stored::true_field(status, "watchdog_failed")) return;
    out.add(Critical, fmt::format("the watchdog of {} does not work: it may not lead", m.member.name));
  });
}

// --- what Tamada members tell of themselves

CheckResult watchdog_off(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    if (stored::text_field(own, "watchdog") != "off") return;
    out.add(Notice, fmt::format("{} uses no watchdog", m.member.name));
  });
}

CheckResult open_writes(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    if (stored::true_field(own, "writes_open")) {
      out.add(Warning, fmt::format("anybody who reaches {} may restart it or change the configuration", m.member.name));
    }
  });
}

CheckResult plain_credentials(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    if (!stored::true_field(own, "rest_authentication") || stored::true_field(own, "rest_tls")) return;
    out.add(Notice, fmt::format("the REST password of {} travels in the clear", m.member.name));
  });
}

CheckResult rewind_possible(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    if (!stored::true_field(own, "use_pg_rewind")) {
      out.add(Notice, fmt::format("{}: use_pg_rewind is off, a former primary is copied anew", m.member.name));
      return;
    }
    const bool known = own.contains("wal_log_hints");
    if (known && !stored::true_field(own, "wal_log_hints") && !stored::true_field(own, "data_checksums")) {
      out.add(Warning,
              fmt::format("{} has neither wal_log_hints nor data checksums: pg_rewind cannot work", m.member.name));
    }
  });
}

CheckResult standby_limits(const ClusterReport& r) {
  const MemberReport* leader = r.leader();
  if (leader == nullptr || !leader->own) return skip("the leader does not tell its settings");
  return each_own(r, [&](const MemberReport& m, const json::object& own, Findings& out) {
    if (&m == leader) return;
    for (const char* name : {"max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions",
                             "max_locks_per_transaction"}) {
      const std::uint64_t there = stored::number_field(*leader->own, name);
      const std::uint64_t here = stored::number_field(own, std::string("configured_") + name);
      if (there == 0 || here == 0 || here >= there) continue;
      out.add(Warning, fmt::format("{} = {} is set for {}, the primary has {}", name, here, m.member.name, there));
    }
  });
}

CheckResult disk_space(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    for (const char* volume : {"data_volume", "wal_volume"}) {
      const auto space = stored::object_field(own, volume);
      const auto total = space ? static_cast<double>(stored::number_field(*space, "total_bytes")) : 0;
      if (total <= 0) continue;
      const double percent = 100 * static_cast<double>(stored::number_field(*space, "free_bytes")) / total;
      if (percent < kLittleSpace) {
        out.add(percent < kHardlySpace ? Critical : Warning,
                fmt::format("{}: {:.1f} % of the {} is free", m.member.name, percent,
                            std::string_view(volume) == "data_volume" ? "data volume" : "WAL volume"));
      }
    }
  });
}

CheckResult slots_and_wal(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    if (stored::true_field(own, "use_slots") || stored::true_field(own, "keeps_wal")) return;
    out.add(Warning, fmt::format("{}: use_slots is off and wal_keep_size is not set: a standby that was away "
                                 "for a while has to be copied anew",
                                 m.member.name));
  });
}

CheckResult archive_command(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    if (stored::text_field(own, "archiving") != "nowhere") return;
    out.add(Warning,
            fmt::format("{}: archive_mode is on without an archive_command: WAL is kept for ever", m.member.name));
  });
}

CheckResult hba_trust(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    for (const json::value& line : stored::array_field(own, "hba_trust").value_or(json::array{})) {
      if (line.is_string()) {
        out.add(Warning, fmt::format("{}: pg_hba lets in without a password: {}", m.member.name,
                                     std::string_view(line.get_string())));
      }
    }
  });
}

CheckResult same_settings(const ClusterReport& r) {
  Findings out;
  bool any = false;
  for (const char* name : {"use_pg_rewind", "use_slots", "watchdog", "rest_tls", "compatibility"}) {
    std::map<std::string, std::string> values;
    for (const MemberReport& m : r.members) {
      if (m.own && m.own->contains(name)) values[m.member.name] = to_json(m.own->at(name), JsonStyle::Spaced);
    }
    any |= !values.empty();
    for (Finding& one : differing(values, Notice, name).findings) out.add(one.severity, std::move(one.text));
  }
  return any ? out.done() : skip("no member tells its settings (Tamada members do, while they can be reached)");
}

CheckResult log_level(const ClusterReport& r) {
  return each_own(r, [](const MemberReport& m, const json::object& own, Findings& out) {
    if (stored::text_field(own, "log_level") != "DEBUG") return;
    out.add(Notice, fmt::format("{} logs at level DEBUG", m.member.name));
  });
}

CheckResult slot_wal(const ClusterReport& r) {
  Findings out;
  bool any = false;
  for (const MemberReport& m : r.members) {
    any |= m.own.has_value();
    for (const json::value& one : m.slots) {
      if (!one.is_object()) continue;
      const json::object& slot = one.get_object();
      const std::string name = stored::text_field(slot, "name");
      const std::string state = stored::text_field(slot, "wal_status");
      const std::uint64_t kept = stored::number_field(slot, "retained_bytes");
      if (state == "lost" || state == "unreserved") {
        out.add(Critical, fmt::format("slot {} on {}: its WAL is {}", name, m.member.name, state));
      } else if (kept > kMuchWal) {
        out.add(Warning, fmt::format("slot {} on {} keeps {:.1f} GiB of WAL", name, m.member.name,
                                     static_cast<double>(kept) / (1024.0 * 1024 * 1024)));
      }
    }
  }
  return any ? out.done() : skip("no member tells its slots (Tamada members do, while they can be reached)");
}

}  // namespace

const MemberReport* ClusterReport::leader() const {
  for (const MemberReport& m : members) {
    if (view.leader && view.leader->name() == m.member.name) return &m;
  }
  return nullptr;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Ok:
      return "ok";
    case Notice:
      return "notice";
    case Warning:
      return "warning";
    case Critical:
      return "critical";
  }
  return "";
}

int exit_code_of(Severity worst) {
  return worst == Critical ? 2 : worst == Warning ? 1 : 0;
}

const std::vector<DoctorCheck>& doctor_checks() {
  static const std::vector<DoctorCheck> checks{
      {"leader", "A member holds the leader lock", "tamadactl explain tells why nobody does", has_leader},
      {"initialize", "The store holds the cluster's system identifier",
       "look whether the store was wiped; a running primary writes it again", initialized},
      {"members-run", "PostgreSQL runs on every member", "tamadactl explain CLUSTER MEMBER", members_run},
      {"streaming", "Running standbys stream",
       "look at the standby's log; WAL that it lacks may be gone: tamadactl reinit", standbys_stream},
      {"timeline", "Standbys are on the leader's timeline", "tamadactl explain CLUSTER MEMBER; tamadactl reinit",
       one_timeline},
      {"lag", "Standbys are near enough to be promoted", "look at network and disk of the standby", lag},
      {"candidate", "A standby could take over now", "look at the other findings; add a member", has_candidate},
      {"nofailover", "Not all standbys are kept from leading", "remove the tag nofailover somewhere",
       nofailover_everywhere},
      {"pause", "The cluster is not paused", "tamadactl resume", not_paused},
      {"pending-restart", "No member waits for a restart", "tamadactl restart CLUSTER --pending", pending_restarts},
      {"requests", "No switchover or failover request is left", "tamadactl flush CLUSTER switchover", requests_left},
      {"history", "The timelines in the history are in order", "a store from a backup, or two clusters in one scope?",
       history_in_order},
      {"hosts", "Members run on hosts of their own", "move one: a host that is lost takes them all", members_apart},
      {"synchronous", "As many standbys are synchronous as are wanted",
       "tamadactl explain of the leader says who is not, and why", synchronous},
      {"strict-reserve", "Strict synchronous mode has a standby to spare", "add a standby", strict_with_reserve},
      {"failsafe-map", "Failsafe mode asks every member", "look at the leader's log", failsafe_map},
      {"failsafe", "The primary outlives the loss of the store", "tamadactl edit-config -s failsafe_mode=true",
       failsafe_off},
      {"ttl-sum", "loop_wait + 2 * retry_timeout fits into ttl", "tamadactl edit-config -s ttl=...", ttl_sum},
      {"ttl-margin", "ttl leaves time to renew, to stall and to stop", "raise ttl", ttl_margin},
      {"store-hosts", "The store runs on more than one host", "three nodes of etcd on three hosts", store_hosts},
      {"store-nodes", "The store has an odd number of nodes", "add or remove one", store_nodes_odd},
      {"store-seen", "Every member hears of the store", "look at the way from the member to the store", store_seen},
      {"reachable", "Every member's REST API answers", "a firewall, TLS settings, or a daemon that is down", reachable},
      {"clocks", "Clocks agree", "set up time synchronisation", clocks},
      {"system", "All data directories belong to this cluster", "tamadactl reinit, or another scope", one_system},
      {"server-version", "PostgreSQL is the same version everywhere", "upgrade the rest", server_versions},
      {"daemon-version", "The daemons are the same version", "upgrade the rest", daemon_versions},
      {"health", "PostgreSQL and its storage are well", "docs/health.md", health},
      {"slot-gaps", "No logical consumer missed changes", "docs/slots.md: build the consumer anew", slot_gaps},
      {"slot-wal", "Slots keep no unusual amount of WAL", "drop the slot, or get its consumer going", slot_wal},
      {"watchdog", "Watchdogs that are required work", "device, its owner, the kernel's module", watchdog_works},
      {"watchdog-off", "Members use a watchdog", "watchdog.mode: automatic", watchdog_off},
      {"open-writes", "Not everybody may change things over REST",
       "restapi.authentication, an allow list or client certificates", open_writes},
      {"rest-tls", "REST passwords are not sent in the clear", "restapi.certfile", plain_credentials},
      {"rewind", "A former primary can be rewound", "use_pg_rewind, and wal_log_hints or data checksums",
       rewind_possible},
      {"standby-limits", "Limits of standbys are not below the primary's: PostgreSQL would not start with them",
       "raise the parameter for the member (local settings stand over the cluster's); until then the daemon starts it "
       "with the primary's",
       standby_limits},
      {"disk-space", "Volumes have space", "find out what grows: WAL of slots, archiving that fails, logs", disk_space},
      {"keep-wal", "WAL is kept for standbys", "use_slots, or wal_keep_size", slots_and_wal},
      {"archive", "Archived WAL goes somewhere", "archive_command, or archive_mode: off", archive_command},
      {"hba", "Nobody gets in over the network without a password", "scram-sha-256 in postgresql.pg_hba", hba_trust},
      {"same-settings", "Members have the same settings", "make the local files alike", same_settings},
      {"log-level", "Logs are not flooded", "log.level: INFO", log_level},
  };
  return checks;
}

}  // namespace tamada::ctl
