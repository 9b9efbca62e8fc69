// doctor: collects what the checks look at, and shows what they found.
#include <ctime>

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ctl/commands.h"
#include "ctl/doctor.h"
#include "ctl/output.h"
#include "ctl/rest_client.h"
#include "model/compatibility.h"
#include "model/settings_build.h"
#include "model/stored_json.h"

namespace tamada::ctl {

namespace {

constexpr std::chrono::seconds kAnswerTimeout{5};

std::optional<WallTime> date_of(const HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (!equal_ignoring_case(name, "Date")) continue;
    std::tm utc{};
    if (::strptime(value.c_str(), "%a, %d %b %Y %H:%M:%S", &utc) == nullptr) return std::nullopt;
    return WallTime(std::chrono::seconds(::timegm(&utc)));
  }
  return std::nullopt;
}

MemberReport ask_member(CommandContext& context, const Member& member) {
  MemberReport report;
  report.member = member;
  const auto status = call_member(context, member, {"GET", "patroni", std::nullopt, kAnswerTimeout});
  if (!status) {
    report.trouble = status.error().text();
    return report;
  }
  report.status = stored::object_of(status->body);
  if (!report.status) report.trouble = fmt::format("the answer is no status document, status code={}", status->status);
  if (const auto date = date_of(*status)) {
    // The header has whole seconds, cut off.
    report.clock_ahead = to_seconds(*date - context.clock.wall_now()) + 0.5;
  }
  const auto why = call_member(context, member, {"GET", "explain", std::nullopt, kAnswerTimeout});
  if (!why || why->status != 200) return report;
  if (const auto document = stored::object_of(why->body)) {
    report.own = stored::object_field(*document, "self");
    report.slots = stored::array_field(*document, "slots").value_or(json::array{});
  }
  return report;
}

// The cluster's dynamic configuration counts, not what the file would give a new one.
Settings settings_in_force(const CommandContext& context, const ClusterView& view) {
  Settings settings = context.settings;
  if (!view.config) return settings;
  BuildInput input;
  input.local = {{"name", "doctor"}, {"scope", settings.scope}, {"compatibility", to_string(settings.compatibility)}};
  input.dynamic = view.config->value;
  if (const auto built = build_settings(input)) settings.dynamic = built->settings.dynamic;
  return settings;
}

struct Outcome {
  const DoctorCheck* check = nullptr;
  CheckResult result;
  Severity worst() const {
    Severity worst = Severity::Ok;
    for (const Finding& one : result.findings) worst = std::max(worst, one.severity);
    return worst;
  }
};

std::string pretty(const std::vector<Outcome>& outcomes) {
  std::string out;
  int fine = 0;
  for (const Severity severity : {Severity::Critical, Severity::Warning, Severity::Notice}) {
    for (const Outcome& one : outcomes) {
      if (one.worst() != severity) continue;
      out += fmt::format("{}: {} [{}]\n", to_string(severity), one.check->about, one.check->id);
      for (const Finding& finding : one.result.findings) out += fmt::format("  {}\n", finding.text);
      out += fmt::format("  what to do: {}\n", one.check->advice);
    }
  }
  for (const Outcome& one : outcomes) {
    if (!one.result.skipped.empty()) {
      out += fmt::format("skipped: {} [{}], because {}\n", one.check->about, one.check->id, one.result.skipped);
    } else {
      fine += one.worst() == Severity::Ok;
    }
  }
  return out + fmt::format("ok: {} of {} checks\n", fine, outcomes.size());
}

json::array documents(const std::vector<Outcome>& outcomes) {
  json::array out;
  for (const Outcome& one : outcomes) {
    json::object document{{"id", one.check->id},
                          {"level", one.result.skipped.empty() ? to_string(one.worst()) : "skipped"},
                          {"about", one.check->about},
                          {"advice", one.check->advice}};
    if (!one.result.skipped.empty()) document["because"] = one.result.skipped;
    json::array findings;
    for (const Finding& finding : one.result.findings) {
      findings.push_back({{"level", to_string(finding.severity)}, {"text", finding.text}});
    }
    document["findings"] = std::move(findings);
    out.push_back(std::move(document));
  }
  return out;
}

Result<std::vector<const DoctorCheck*>> wanted_checks(const Arguments& arguments) {
  const std::vector<std::string> left_out = split_list(arguments.value("skip").value_or(""));
  for (const std::string& id : left_out) {
    const auto& all = doctor_checks();
    if (std::any_of(all.begin(), all.end(), [&](const DoctorCheck& check) { return check.id == id; })) continue;
    return Error(ErrorCode::Invalid, fmt::format("there is no check {}", id), "docs/doctor.md lists them");
  }
  std::vector<const DoctorCheck*> out;
  for (const DoctorCheck& check : doctor_checks()) {
    if (std::find(left_out.begin(), left_out.end(), check.id) == left_out.end()) out.push_back(&check);
  }
  return out;
}

}  // namespace

Result<void> run_doctor(CommandContext& context, const Arguments& arguments) {
  const auto name = cluster_or_default(context, arguments.words);
  if (!name) return name.error();
  const auto checks = wanted_checks(arguments);
  if (!checks) return checks.error();
  ClusterAccess cluster(context, *name);
  const auto view = cluster.load();
  if (!view) return view.error();
  if (view->members.empty()) return Error(ErrorCode::NotFound, fmt::format("cluster {} has no members", *name));
  ClusterReport report{*view, settings_in_force(context, *view), {}, context.clock.wall_now()};
  for (const Member& member : view->members) report.members.push_back(ask_member(context, member));
  std::vector<Outcome> outcomes;
  Severity worst = Severity::Ok;
  for (const DoctorCheck* check : *checks) {
    outcomes.push_back({check, check->look(report)});
    worst = std::max(worst, outcomes.back().worst());
  }
  const bool as_json = arguments.value("format").value_or("pretty") == "json";
  context.console.out(as_json ? to_json(documents(outcomes), JsonStyle::Spaced) + "\n" : pretty(outcomes));
  context.exit_code = exit_code_of(worst);
  return {};
}

}  // namespace tamada::ctl
