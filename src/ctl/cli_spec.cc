#include "ctl/cli_spec.h"

#include <algorithm>

#include "ctl/commands.h"

namespace tamada::ctl {

namespace {

const std::vector<std::string> kRoles{"leader", "primary", "standby-leader", "replica", "standby", "any"};
const std::vector<std::string> kFormats{"pretty", "tsv", "json", "yaml", "yml"};

OptionSpec flag(std::string key, std::vector<std::string> names, std::string help) {
  return {std::move(key), std::move(names), ValueKind::Flag, std::move(help), {}, {}, {}};
}

OptionSpec text(std::string key, std::vector<std::string> names, std::string help) {
  return {std::move(key), std::move(names), ValueKind::Text, std::move(help), {}, {}, {}};
}

OptionSpec group() {
  return {"group", {"--group"}, ValueKind::Integer, "Refused: Citus clusters are not managed", {}, {}, {}};
}

OptionSpec role(std::string help) {
  return {"role", {"-r", "--role"}, ValueKind::Choice, std::move(help), kRoles, {"master"}, {}};
}

OptionSpec format() {
  return {"format", {"-f", "--format"}, ValueKind::Choice, "Form of the output", kFormats, {}, {}};
}

OptionSpec report_format() {
  return {"format", {"-f", "--format"}, ValueKind::Choice, "Form of the output", {"pretty", "json"}, {}, {}};
}

OptionSpec force() {
  return flag("force", {"--force"}, "Ask nothing");
}

OptionSpec watch_default() {
  return flag("W", {"-W"}, "Show again every 2 seconds");
}

OptionSpec watch() {
  return {"watch", {"-w", "--watch"}, ValueKind::Number, "Show again every so many seconds", {}, {}, {}};
}

OptionSpec leader(bool shown) {
  OptionSpec option = text("leader", {}, "Name of the present leader");
  (shown ? option.names : option.hidden_names) = {"--leader", "--primary"};
  option.hidden_names.push_back("--master");
  return option;
}

OptionSpec candidate() {
  return text("candidate", {"--candidate"}, "Name of the member that takes over");
}

OptionSpec scheduled(std::string what) {
  return text("scheduled", {"--scheduled"}, "When the " + what + " takes place, as 2030-01-01T10:00+00:00");
}

const WordSpec kCluster{"CLUSTER_NAME", false, false, {}};
const WordSpec kClusters{"CLUSTER_NAMES", false, true, {}};
const WordSpec kNamedCluster{"CLUSTER_NAME", true, false, {}};
const WordSpec kMembers{"MEMBER_NAMES", false, true, {}};
const WordSpec kShell{"SHELL", true, false, {"bash"}};
const WordSpec kFlushTarget{"TARGET", true, false, {"restart", "switchover"}};

// What keeps it from looking is "unknown" to a monitoring system, as all its plugins say it.
constexpr int kUnknownExit = 3;

std::vector<CommandSpec> reading_commands() {
  return {
      {"completion", "Print a script that completes command lines in a shell", {}, {kShell}, run_completion},
      {"doctor",
       "Look for what is wrong, or will be one night",
       {report_format(), text("skip", {"--skip"}, "Leave out these checks, several with commas"), group()},
       {kCluster},
       run_doctor,
       kUnknownExit},
      {"dsn",
       "Show the address of a member, of the leader unless told otherwise",
       {role("Any member with this role"), text("member", {"-m", "--member"}, "This member"), group()},
       {kCluster},
       run_dsn},
      {"events",
       "Follow what changes on the members, until Ctrl-C",
       {report_format(), {"count", {"--count"}, ValueKind::Integer, "End after so many events", {}, {}, {}}, group()},
       {kCluster, kMembers},
       run_events},
      {"explain",
       "Show why members do what they do, and did",
       {flag("list", {"--list"}, "List the decisions of the past"),
        text("since", {"--since"}, "List those since this time"),
        text("past", {"--past"}, "Show the decision with this number, or race: the last that weighed candidates"),
        text("at", {"--at"}, "Show the decision that was in force at this time"), format(), group()},
       {kCluster, kMembers},
       run_explain},
      {"history", "Show the failovers and switchovers of the past", {group(), format()}, {kCluster}, run_history},
      {"list",
       "Show the members of clusters",
       {group(), flag("extended", {"-e", "--extended"}, "Show all columns"),
        flag("timestamp", {"-t", "--timestamp"}, "Show the time"), format(), watch_default(), watch()},
       {kClusters},
       run_list},
      {"show-config",
       "Show the dynamic configuration, or where members have their settings from",
       {flag("origin", {"--origin"}, "Show every setting in force on members, its source and what it overrode"),
        text("member", {"-m", "--member"}, "Only of this member, with --origin"), format(), group()},
       {kCluster},
       run_show_config},
      {"topology", "Show who follows whom", {group(), watch_default(), watch()}, {kClusters}, run_topology},
      {"version", "Show the version of this program and of members", {group()}, {kCluster, kMembers}, run_version},
  };
}

std::vector<CommandSpec> acting_commands() {
  return {
      {"demote-cluster",
       "Make the cluster follow the primary of another one",
       {group(), text("host", {"--host"}, "Address of the remote primary, several with commas"),
        text("port", {"--port"}, "Its port"),
        text("restore-command", {"--restore-command"}, "Command that fetches archived WAL"),
        text("primary-slot-name", {"--primary-slot-name"}, "Slot on the remote primary"), force()},
       {kCluster},
       run_demote_cluster},
      {"promote-cluster",
       "Make a cluster of its own of one that follows another",
       {group(), force()},
       {kCluster},
       run_promote_cluster},
      {"detach", "Make the local daemon end and leave PostgreSQL and the lock alone", {force()}, {}, run_detach},
      {"edit-config",
       "Change the dynamic configuration",
       {group(), flag("quiet", {"-q", "--quiet"}, "Show no difference"),
        text("set", {"-s", "--set"}, "Set one value, as path=value; may be repeated"),
        text("pg", {"-p", "--pg"}, "Set one PostgreSQL parameter, as name=value; may be repeated"),
        text("apply", {"--apply"}, "Merge this YAML file, - for standard input"),
        text("replace", {"--replace"}, "Use this YAML file instead of what is there, - for standard input"),
        flag("dry-run", {"--dry-run"}, "Write nothing; show what each member would reload, restart or refuse"),
        format(), force()},
       {kCluster},
       run_edit_config},
      {"failover", "Promote a named member", {group(), leader(false), candidate(), force()}, {kCluster}, run_failover},
      {"flush",
       "Drop what was scheduled",
       {group(), role("Only members with this role"), force()},
       {kNamedCluster, kMembers, kFlushTarget},
       run_flush},
      {"pause",
       "Turn automatic failover off",
       {group(), flag("wait", {"--wait"}, "Wait until all members took notice")},
       {kCluster},
       run_pause},
      {"reinit",
       "Build members anew from the leader",
       {group(), force(), flag("from-leader", {"--from-leader"}, "Copy from the leader only"),
        flag("wait", {"--wait"}, "Wait until the copies are complete")},
       {kNamedCluster, kMembers},
       run_reinit},
      {"reload",
       "Make members read their configuration again",
       {group(), role("Only members with this role"), force()},
       {kNamedCluster, kMembers},
       run_reload},
      {"remove", "Delete a cluster from the store", {group(), format()}, {kNamedCluster}, run_remove},
      {"restart",
       "Restart PostgreSQL of members",
       {group(), role("Only members with this role"), flag("any", {"--any"}, "Only one member"), scheduled("restart"),
        text("pg-version", {"--pg-version"}, "Only where PostgreSQL is older, as 15.3"),
        flag("pending", {"--pending"}, "Only where a restart is pending"),
        text("timeout", {"--timeout"}, "Fail over when the primary takes longer than this"), force()},
       {kNamedCluster, kMembers},
       run_restart},
      {"resume",
       "Turn automatic failover on again",
       {group(), flag("wait", {"--wait"}, "Wait until all members took notice")},
       {kCluster},
       run_resume},
      {"switchover",
       "Hand the lead over to another member",
       {group(), leader(true), candidate(), scheduled("switchover"), force()},
       {kCluster},
       run_switchover},
  };
}

std::vector<CommandSpec> all_commands() {
  std::vector<CommandSpec> all = reading_commands();
  for (CommandSpec& command : acting_commands()) all.push_back(std::move(command));
  std::sort(all.begin(), all.end(), [](const CommandSpec& a, const CommandSpec& b) { return a.name < b.name; });
  for (CommandSpec& command : all) command.options.push_back(flag("help", {"--help"}, "Show this text and end"));
  return all;
}

}  // namespace

const std::vector<OptionSpec>& global_options() {
  static const std::vector<OptionSpec> options{
      text("config-file", {"-c", "--config-file"}, "Configuration file"),
      text("dcs-url", {"-d", "--dcs-url", "--dcs"}, "Address of the store, as etcd3://host:port/namespace"),
      flag("insecure", {"-k", "--insecure"}, "Do not verify certificates of the REST API"),
      flag("help", {"--help"}, "Show this text and end")};
  return options;
}

const std::vector<CommandSpec>& commands() {
  static const std::vector<CommandSpec> all = all_commands();
  return all;
}

const CommandSpec* find_command(std::string_view name) {
  const auto it = std::find_if(commands().begin(), commands().end(),
                               [name](const CommandSpec& command) { return command.name == name; });
  return it == commands().end() ? nullptr : &*it;
}

}  // namespace tamada::ctl
