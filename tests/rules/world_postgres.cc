// PostgreSQL here, and what the other members answer about theirs.
#include "rules/world.h"

#include <sstream>

#include <fmt/format.h>

#include "rules/world_words.h"

namespace tamada {

using namespace scenario;

std::string World::postgres(const std::string& how, Words words) {
  PostgresStatus status;
  status.observed_at = now_;
  status.data_dir = DataDirState::Present;
  status.major_version = 150000;
  status.process = ProcessState::Running;
  ControlData control;
  control.system_identifier = words.contains("sysid") ? words["sysid"] : "7000000000000000001";
  control.timeline = Timeline{words.contains("timeline") ? static_cast<std::uint32_t>(number(words["timeline"])) : 1};
  const Lsn position = lsn(words.contains("position") ? words["position"] : "0/3000000");
  StatusRow row;
  row.timeline = control.timeline;
  row.server_version = 150020;
  if (how == "primary") {
    row.write_lsn = position;
    control.state = ControlState::InProduction;
    status.row = row;
  } else if (how == "standby") {
    row.in_recovery = true;
    row.received_lsn = row.replayed_lsn = position;
    if (words.contains("receiver")) row.receiver_status = words["receiver"];
    row.receiver_last_message_age_ms = words.contains("heard") ? duration(words["heard"]) / 1ms : -1;
    control.state = ControlState::InArchiveRecovery;
    status.recovery_configured = true;
    status.row = row;
  } else if (how == "stopped" || how == "orphans") {
    status.process = how == "stopped" ? ProcessState::NotRunning : ProcessState::Orphans;
    control.state = ControlState::InProduction;
  } else if (how == "starting" || how == "unresponsive") {
    status.accepting = how == "starting" ? Accepting::Rejecting : Accepting::NoResponse;
    control.state = ControlState::InCrashRecovery;
  } else if (how == "empty" || how == "inaccessible") {
    status.data_dir = how == "empty" ? DataDirState::Empty : DataDirState::Inaccessible;
    status.data_dir_error = how == "empty" ? "" : "Input/output error";
    status.process = ProcessState::NotRunning;
  } else if (how == "unknown") {
    status.process = ProcessState::Unknown;
  } else {
    return "unknown word: " + how;
  }
  static const std::map<std::string, ControlState> states = {{"production", ControlState::InProduction},
                                                             {"shutdown", ControlState::ShutDown},
                                                             {"standby", ControlState::ShutDownInRecovery}};
  if (words.contains("control")) control.state = look_up(states, words["control"]);
  if (words.contains("recovery")) status.recovery_configured = yes(words["recovery"]);
  if (status.data_dir == DataDirState::Present && !words.contains("nocontrol")) status.control = control;
  o_.postgres = status;
  return "";
}

// n2=standby@0/3000000,moving,priority:5 n3=refused
std::string World::survey(const std::vector<std::string>& answers) {
  o_.survey.reset();
  if (answers.size() == 1 && answers[0] == "none") return "";
  PeerSurvey survey{now_, now_, {}};
  for (const std::string& answer : answers) {
    const auto equals = answer.find('=');
    PeerReport report;
    report.member = answer.substr(0, equals);
    report.url = fmt::format("http://{}:8008/patroni", report.member);
    report.timeline = Timeline{1};
    report.position_final = report.receiver_stopped = true;
    std::istringstream parts(equals == std::string::npos ? "" : answer.substr(equals + 1));
    for (std::string part; std::getline(parts, part, ',');) {
      if (part == "silent" || part == "refused") {
        report.problem = part == "silent" ? "no answer within 1.2 s" : "connection refused";
      } else if (part.starts_with("standby@")) {
        report.answered = report.in_recovery = true;
        report.position = lsn(part.substr(8));
      } else if (part == "primary") {
        report.answered = report.is_primary = true;
      } else if (part == "stopped") {
        report.answered = true;
      } else if (part == "moving") {
        report.position_final = report.receiver_stopped = false;
      } else if (part == "heard") {
        report.upstream_alive = true;
      } else if (part == "sick") {
        report.sick = true;
      } else if (part == "watchdog_failed") {
        report.watchdog_failed = true;
      } else if (part.starts_with("priority:")) {
        report.tags.raw["failover_priority"] = number(part.substr(9));
      } else if (part == "nofailover") {
        report.tags.raw["nofailover"] = true;
      } else if (part.starts_with("timeline:")) {
        report.timeline = Timeline{static_cast<std::uint32_t>(number(part.substr(9)))};
      } else {
        return "unknown answer: " + part;
      }
    }
    survey.reports.push_back(report);
  }
  o_.survey = survey;
  return "";
}

}  // namespace tamada
