#include "postgres/config_plan.h"

#include "base/text.h"
#include "base/units.h"
#include "host/files.h"
#include "postgres/version_table.h"

namespace tamada {

namespace {

std::string user_of(const Credentials& credentials) {
  auto it = credentials.find("username");
  return it == credentials.end() ? std::string() : it->second;
}

// A recovery_conf with a true standby_mode describes a standby, any other a recovery to a target.
bool is_standby_conf(const GucMap& recovery_conf) {
  const std::string* mode = find_guc(recovery_conf, "standby_mode");
  return mode != nullptr && parse_boolean(*mode).value_or(false);
}

void plan_recovery(const Settings& settings, const ConfigCircumstances& now, const RecoveryWish& wish,
                   ConfigPlan& plan) {
  switch (wish.kind) {
    case RecoveryWish::Kind::Primary:
      plan.work.recovery = RecoveryFiles::Remove;
      return;
    case RecoveryWish::Kind::Standby:
      plan.work.recovery = RecoveryFiles::Standby;
      plan.recovery = recovery_settings(settings, {now.version, wish.follow, plan.parameters.recovery});
      plan.work.pgpass_path = settings.postgresql.pgpass;
      plan.work.pgpass = follow_pgpass(settings, wish.follow, now.version);
      return;
    case RecoveryWish::Kind::Targeted:
      plan.work.recovery = is_standby_conf(wish.recovery_conf) ? RecoveryFiles::Standby : RecoveryFiles::Targeted;
      plan.recovery = bootstrap_recovery_settings(wish.recovery_conf, now.version);
      return;
    case RecoveryWish::Kind::Keep:
      plan.recovery = wish.keep;
      return;
  }
}

std::vector<std::string> needed_directories(const GucMap& parameters, const Settings& settings) {
  std::vector<std::string> directories;
  if (const std::string* sockets = find_guc(parameters, "unix_socket_directories"))
    for (const std::string& path : split_list(*sockets))
      if (path.starts_with('/')) directories.push_back(path);
  if (const std::string* statistics = find_guc(parameters, "stats_temp_directory"))
    directories.push_back(join_path(settings.postgresql.data_dir, *statistics));
  if (!settings.postgresql.pgpass.empty() && settings.postgresql.krbsrvname.empty())
    directories.push_back(parent_path(settings.postgresql.pgpass));
  return directories;
}

std::optional<std::string> hba_content(const Settings& settings, const ConfigCircumstances& now,
                                       const ConfigPaths& paths) {
  const PostgresSettings& postgres = settings.postgresql;
  if (now.custom_bootstrap)
    return bootstrap_hba(user_of(postgres.superuser), user_of(postgres.replication), now.own_addresses);
  if (!paths.own_hba || !postgres.pg_hba || postgres.pg_hba->empty()) return std::nullopt;
  return format_lines(*postgres.pg_hba);
}

}  // namespace

ConfigPlan plan_config(const Settings& settings, const ConfigCircumstances& now, const RecoveryWish& wish) {
  ConfigPlan plan;
  ParameterRequest request;
  request.version = now.version;
  request.synchronous_standby_names = now.synchronous_standby_names;
  if (wish.kind == RecoveryWish::Kind::Standby) request.standby_of = now.control;
  request.custom_bootstrap = now.custom_bootstrap;
  request.corrections = now.corrections;
  if (const std::string* action = find_guc(wish.recovery_conf, "recovery_target_action"))
    request.bootstrap_target_action = *action;
  // What a custom method left to be recovered ends in a primary too.
  if (wish.kind == RecoveryWish::Kind::Keep) request.bootstrap_target_action = "promote";
  plan.parameters = server_parameters(settings, request);

  ConfigWork& work = plan.work;
  work.paths = config_paths(settings);
  work.version = now.version;
  plan_recovery(settings, now, wish, plan);
  const bool in_main_file = !pg_version(now.version).recovery_conf;
  PostgresqlConf conf{work.paths.include(), plan.parameters.file, work.paths.hba(), work.paths.ident(), std::nullopt};
  if (now.custom_bootstrap) erase_guc(conf.parameters, "hba_file");
  if (in_main_file && !plan.recovery.empty()) conf.recovery = plan.recovery;
  if (!in_main_file) work.recovery_conf = format_recovery_conf(plan.recovery);
  work.postgresql_conf = format_postgresql_conf(conf);
  work.hba = hba_content(settings, now, work.paths);
  const auto& ident = settings.postgresql.pg_ident;
  if (work.paths.own_ident && ident && !ident->empty()) work.ident = format_lines(*ident);
  work.directories = needed_directories(plan.parameters.file, settings);
  return plan;
}

}  // namespace tamada
