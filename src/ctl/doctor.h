// doctor: what is wrong with a cluster, or will be one night. The checks are pure functions over what was collected
// from the store, the members and the configuration file; one table of them makes docs/doctor.md, too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/cluster_view.h"
#include "model/settings.h"

namespace tamada::ctl {

// What one member answered; nullopt where it did not.
struct MemberReport {
  Member member;
  std::string trouble;                 // why /patroni has no answer; empty when it has
  std::optional<json::object> status;  // GET /patroni
  std::optional<json::object> own;     // `self` of GET /explain: Tamada members only
  json::array slots;                   // `slots` of the same
  std::optional<double> clock_ahead;   // seconds, of this host's clock; by the Date header, so whole seconds
};

struct ClusterReport {
  ClusterView view;
  Settings settings;  // of the configuration file, and of the cluster's dynamic configuration
  std::vector<MemberReport> members;
  WallTime now{};

  const MemberReport* leader() const;
};

enum class Severity { Ok, Notice, Warning, Critical };
std::string_view to_string(Severity severity);

struct Finding {
  Severity severity = Severity::Ok;
  std::string text;  // names the member and the numbers
};

struct CheckResult {
  std::vector<Finding> findings;  // empty: nothing is wrong
  std::string skipped;            // why it could not look; nothing was found then
};

struct DoctorCheck {
  std::string_view id;  // stable; --skip
  std::string_view about;
  std::string_view advice;
  CheckResult (*look)(const ClusterReport&);
};
const std::vector<DoctorCheck>& doctor_checks();

// As plugins of Nagios end: 0 nothing or notices, 1 warning, 2 critical.
int exit_code_of(Severity worst);

}  // namespace tamada::ctl
