#include "postgres/leader_probe.h"

#include <charconv>

#include <fmt/format.h>

#include "postgres/timeline_history.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

constexpr Duration kQuestionPatience = 10s;
constexpr Duration kCheckpointPatience = 3600s;
constexpr int kControlFunctionsVersion = 90600;

PgSessionOptions session_options(const DataContext& context, const Credentials& credentials,
                                 const ConnectTarget& target) {
  PgSessionOptions options;
  options.conninfo = make_conninfo(credentials, target, context.postgres().database);
  options.conninfo.set("krbsrvname", context.postgres().krbsrvname);
  prefer_writable_host(options.conninfo);
  return options;
}

Task<Result<PgAnswer>> replication_command(DataContext context, ConnectTarget target, std::string command,
                                           Instant deadline) {
  PgConnection connection(context.pg);
  PgSessionOptions options = session_options(context, context.postgres().replication, target);
  options.replication = true;
  auto opened = co_await connection.open(options, deadline);
  if (!opened) co_return opened.error();
  co_return co_await connection.query(std::move(command), deadline);
}

Task<Result<bool>> ask_in_recovery(PgConnection& connection, Instant deadline) {
  auto answer = co_await connection.query("SELECT pg_is_in_recovery()", deadline);
  if (!answer) co_return answer.error();
  std::string value = answer->value(0, 0);
  if (value != "t" && value != "f")
    co_return Error(ErrorCode::Protocol, "postgres did not say whether it is in recovery");
  co_return value == "t";
}

std::string describe(const Member& member) {
  const ConnectTarget at = target_of(member);
  return fmt::format("{} ({}:{})", member.name, at.host, at.port);
}

// The timeline in pg_control and the one that is written.
struct SourceTimelines {
  Timeline control;
  Timeline current;
};

Result<Timeline> timeline_value(const std::string& text) {
  Timeline timeline;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), timeline.id);
  if (ec != std::errc() || end != text.data() + text.size() || !timeline.known()) {
    return Error(ErrorCode::Protocol, fmt::format("postgres named a timeline '{}'", text));
  }
  return timeline;
}

Task<Result<SourceTimelines>> ask_timelines(PgConnection& connection, Instant deadline) {
  const PgVersion& version = pg_version(connection.server_version());
  auto answer = co_await connection.query(
      fmt::format("SELECT timeline_id, ('x' || substr({}({}()), 1, 8))::bit(32)::int FROM pg_control_checkpoint()",
                  version.wal_file_name, version.current_lsn),
      deadline);
  if (!answer) co_return answer.error();
  auto control = timeline_value(answer->value(0, 0));
  if (!control) co_return control.error();
  auto written = timeline_value(answer->value(0, 1));
  if (!written) co_return written.error();
  co_return SourceTimelines{*control, *written};
}

Task<Result<void>> make_checkpoint(PgConnection& connection, Instant deadline) {
  auto unlimited = co_await connection.query("SET statement_timeout = 0", deadline);
  if (!unlimited) co_return unlimited.error();
  auto done = co_await connection.query("CHECKPOINT", deadline);
  if (!done) co_return done.error();
  co_return Result<void>();
}

}  // namespace

ConnectTarget target_of(const Member& member) {
  // Only a remote primary has several hosts.
  if (member.conn_url.find(',') != std::string::npos) {
    if (auto info = parse_conninfo(member.conn_url)) return {info->get("host"), info->get("port")};
  }
  return {member.host(), std::to_string(member.port())};
}

const Credentials& rewind_credentials(const PostgresSettings& settings, int version) {
  bool own_user = settings.rewind_configured && pg_version(version).rewind_without_superuser;
  return own_user ? settings.rewind : settings.superuser;
}

PgSessionOptions rewind_session_options(const DataContext& context, const ConnectTarget& target) {
  return session_options(context, rewind_credentials(context.postgres(), 0), target);
}

Task<Result<SystemIdentity>> identify_system(DataContext context, ConnectTarget target, Instant deadline) {
  auto answer = co_await replication_command(context, std::move(target), "IDENTIFY_SYSTEM", deadline);
  if (!answer) co_return answer.error();
  SystemIdentity identity;
  identity.system_identifier = answer->value(0, 0);
  auto timeline = timeline_value(answer->value(0, 1));
  if (!timeline) co_return timeline.error();
  auto position = parse_lsn(answer->value(0, 2));
  if (!position) co_return position.error();
  identity.timeline = *timeline;
  identity.position = *position;
  co_return identity;
}

Task<Result<std::vector<HistoryLine>>> fetch_history(DataContext context, ConnectTarget target, Timeline timeline,
                                                     Instant deadline) {
  auto answer = co_await replication_command(context, std::move(target),
                                             fmt::format("TIMELINE_HISTORY {}", timeline.id), deadline);
  if (!answer) co_return answer.error();
  if (answer->rows.empty()) co_return Error(ErrorCode::Protocol, "postgres sent no timeline history");
  co_return parse_timeline_history(answer->value(0, 1));
}

Task<Result<LeaderFacts>> probe_leader(DataContext context, Member leader, Instant deadline) {
  bool standby_leader = leader.role == Role::StandbyLeader;
  if (!standby_leader && leader.role != Role::Primary) {
    co_return Error(ErrorCode::Unavailable, fmt::format("leader {} has not finished its promotion", leader.name));
  }
  ConnectTarget target = target_of(leader);
  if (target.host.empty()) {
    co_return Error(ErrorCode::Unavailable, fmt::format("leader {} has not published its address", leader.name));
  }
  PgConnection connection(context.pg);
  auto opened = co_await connection.open(rewind_session_options(context, target), deadline);
  if (!opened) co_return opened.error().wrap(fmt::format("leader {} cannot be asked", describe(leader)));
  auto in_recovery = co_await ask_in_recovery(connection, deadline);
  if (!in_recovery) co_return in_recovery.error().wrap(fmt::format("leader {} did not answer", describe(leader)));
  connection.close();
  if (*in_recovery != standby_leader) {
    co_return Error(ErrorCode::Unavailable,
                    fmt::format("leader {} is {} recovery", describe(leader), *in_recovery ? "still in" : "not in"));
  }
  auto identity = co_await identify_system(context, target, deadline);
  if (!identity)
    co_return identity.error().wrap(fmt::format("leader {} did not identify its system", describe(leader)));
  LeaderFacts facts{*identity, {identity->timeline, identity->position, {}}};
  if (identity->timeline.id > 1) {
    auto history = co_await fetch_history(context, target, identity->timeline, deadline);
    if (!history) co_return history.error().wrap(fmt::format("leader {} sent no timeline history", describe(leader)));
    facts.history.history = std::move(*history);
  }
  co_return facts;
}

Task<Result<Timeline>> prepare_rewind_source(DataContext context, Member leader) {
  const Instant deadline = context.pg.clock.now() + kQuestionPatience;
  PgConnection connection(context.pg);
  auto opened = co_await connection.open(rewind_session_options(context, target_of(leader)), deadline);
  if (!opened) co_return Error(ErrorCode::Unavailable, opened.error().text());
  auto in_recovery = co_await ask_in_recovery(connection, deadline);
  if (!in_recovery) co_return Error(ErrorCode::Unavailable, in_recovery.error().text());
  if (*in_recovery && leader.role != Role::StandbyLeader) {
    co_return Error(ErrorCode::Unavailable, fmt::format("leader {} is still in recovery", describe(leader)));
  }
  if (connection.server_version() < kControlFunctionsVersion) {
    auto checkpoint = co_await make_checkpoint(connection, context.pg.clock.now() + kCheckpointPatience);
    if (!checkpoint) co_return Error(ErrorCode::Unavailable, checkpoint.error().text());
    auto identity = co_await identify_system(context, target_of(leader), context.pg.clock.now() + kQuestionPatience);
    if (!identity) co_return Error(ErrorCode::Unavailable, identity.error().text());
    co_return identity->timeline;
  }
  if (*in_recovery) {
    auto identity = co_await identify_system(context, target_of(leader), context.pg.clock.now() + kQuestionPatience);
    if (!identity) co_return Error(ErrorCode::Unavailable, identity.error().text());
    co_return identity->timeline;
  }
  auto timelines = co_await ask_timelines(connection, deadline);
  if (!timelines) co_return Error(ErrorCode::Unavailable, timelines.error().text());
  if (timelines->control != timelines->current) {
    // Allowed for a superuser (and for members of pg_checkpoint); otherwise the leader's own checkpoint is waited for.
    auto checkpoint = co_await make_checkpoint(connection, context.pg.clock.now() + kCheckpointPatience);
    if (!checkpoint) {
      co_return Error(ErrorCode::Unavailable,
                      fmt::format("pg_control of leader {} still shows timeline {}, not {}: {}", describe(leader),
                                  timelines->control.id, timelines->current.id, checkpoint.error().message));
    }
  }
  co_return timelines->current;
}

Task<bool> source_is_healthy(DataContext context, Member leader, Instant deadline) {
  PgConnection connection(context.pg);
  auto opened = co_await connection.open(rewind_session_options(context, target_of(leader)), deadline);
  if (!opened) co_return false;
  auto in_recovery = co_await ask_in_recovery(connection, deadline);
  co_return in_recovery && *in_recovery == (leader.role == Role::StandbyLeader);
}

}  // namespace tamada
