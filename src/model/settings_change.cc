#include "model/settings_change.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/python_text.h"
#include "base/text.h"
#include "base/units.h"
#include "model/patch.h"
#include "model/settings_schema.h"

namespace tamada {

namespace {

constexpr std::string_view kParameters = "postgresql.parameters.";
constexpr std::string_view kRecovery = "postgresql.recovery_conf.";

using Standing = SettingOrigin::Standing;

// What a standby compares with its primary (hot standby).
constexpr std::array<std::string_view, 5> kCompared{"max_connections", "max_locks_per_transaction",
                                                    "max_prepared_transactions", "max_wal_senders",
                                                    "max_worker_processes"};

bool same(const json::value& a, const json::value& b) {
  return a.is_null() == b.is_null() && deep_equal(a, b);
}

std::string text_of(std::string_view path, const json::value& value) {
  return value.is_null() ? "nothing" : python_text(shown_value(path, value));
}

ChangeEffect effect_of(const SettingRow* row) {
  switch (row == nullptr ? SettingReload::Runtime : row->reload) {
    case SettingReload::Runtime:
      return ChangeEffect::Reload;
    case SettingReload::Start:
      return ChangeEffect::RestartDaemon;
    case SettingReload::PostgreSQL:
      return ChangeEffect::RestartPostgres;
    case SettingReload::NextUse:
      return ChangeEffect::NextUse;
    case SettingReload::Bootstrap:
      return ChangeEffect::Bootstrap;
  }
  return ChangeEffect::Reload;
}

// Integers compare in any common unit of both texts; -1, 0, +1.
std::optional<int> compared(const std::string& a, const std::string& b) {
  const auto x = parse_integer(a);
  const auto y = parse_integer(b);
  if (!x || !y) return std::nullopt;
  return *x < *y ? -1 : *x > *y;
}

class Judge {
 public:
  Judge(std::vector<SettingOrigin> now, std::vector<SettingOrigin> next, const ParameterOutlook& outlook)
      : now_(std::move(now)), next_(std::move(next)), outlook_(outlook) {}

  void judge(SettingChange& change) const {
    const SettingOrigin* before = find_origin(now_, change.path);
    const SettingOrigin* after = find_origin(next_, change.path);
    const json::value was = before == nullptr ? json::value() : before->value;
    const json::value is = after == nullptr ? json::value() : after->value;
    const bool stays = same(was, is) && counts(before) == counts(after);
    const SettingOrigin* said = change.to.is_null() && before != nullptr ? before : after;
    if (said != nullptr && stays && overruled(*said, change)) return;
    if (after != nullptr && !change.to.is_null() && !after->note.empty()) {
      change.because = after->note;
      if (after->standing == Standing::WithoutEffect) {
        change.effect = ChangeEffect::Nothing;
        return;
      }
      // Cut to a limit and in force is another matter.
      if (stays || after->source == "default") {
        change.effect = ChangeEffect::Refused;
        return;
      }
    }
    if (change.path.starts_with(kParameters)) return judge_parameter(change, was, is, stays);
    if (stays) return nothing(change, is);
    const bool recovery = change.path.starts_with(kRecovery) || change.path == "postgresql.recovery_conf";
    if (recovery && judge_recovery(change)) return;
    change.effect = effect_of(find_setting(change.path));
  }

 private:
  // A null may be a value: a physical slot.
  static bool counts(const SettingOrigin* origin) {
    if (origin == nullptr) return false;
    return !origin->value.is_null() || origin->standing == Standing::AsSet || origin->standing == Standing::Corrected;
  }

  // Something stronger sets it, or it stands where it does not count.
  static bool overruled(const SettingOrigin& origin, SettingChange& change) {
    if (origin.standing == Standing::Hidden) {
      change.effect = ChangeEffect::Overridden;
      change.because = origin.note;
      return true;
    }
    if (origin.dynamic || origin.source == "default" || origin.standing == Standing::WithoutEffect) return false;
    for (const SettingOrigin::Other& other : origin.overrode) {
      const json::value& said = change.to.is_null() ? change.from : change.to;
      if (!other.dynamic || !same(other.value, said)) continue;
      if (!other.why.empty()) {
        change.effect = ChangeEffect::Nothing;
        change.because = other.why;
        return true;
      }
      change.effect = ChangeEffect::Overridden;
      change.because = origin.source == "forced" ? "the daemon sets it to " + text_of(origin.path, origin.value)
                                                 : origin.source + " sets it to " + text_of(origin.path, origin.value);
      if (!origin.note.empty()) change.because += "; it " + origin.note;
      return true;
    }
    return false;
  }

  static void nothing(SettingChange& change, const json::value& is) {
    change.effect = ChangeEffect::Nothing;
    if (change.because.empty()) change.because = "it is " + text_of(change.path, is) + " already";
  }

  void judge_parameter(SettingChange& change, const json::value& was, const json::value& is, bool stays) const {
    const std::string name = to_lower(std::string_view(change.path).substr(kParameters.size()));
    const auto found = outlook_.parameters.find(name);
    if (found != outlook_.parameters.end() && found->second.effect == ParameterOutlook::Effect::Unknown) {
      change.effect = ChangeEffect::Refused;
      change.because = "this PostgreSQL knows no such parameter; it would be left out";
      return;
    }
    if (stays) return nothing(change, is);
    if (!outlook_.running) {
      change.effect = ChangeEffect::NextStart;
      return;
    }
    if (outlook_.recovery.contains(name) && judge_recovery(change)) return;
    if (found == outlook_.parameters.end() || found->second.effect == ParameterOutlook::Effect::Same) {
      change.effect = ChangeEffect::Reload;
      if (change.because.empty()) change.because = "PostgreSQL runs with it already; only its file is written";
      return;
    }
    const ParameterOutlook::Parameter& parameter = found->second;
    if (parameter.effect == ParameterOutlook::Effect::Reload) {
      change.effect = ChangeEffect::Reload;
      return;
    }
    change.effect = ChangeEffect::RestartPostgres;
    if (change.because.empty() && !parameter.wanted.empty()) {
      change.because = "PostgreSQL runs with " + parameter.running;
    }
    if (std::find(kCompared.begin(), kCompared.end(), name) == kCompared.end()) return;
    const auto order = compared(was.is_null()               ? parameter.running
                                : parameter.running.empty() ? python_text(was)
                                                            : parameter.running,
                                parameter.wanted);
    if (order && *order != 0) change.direction = *order < 0 ? RestartDirection::Raised : RestartDirection::Lowered;
  }

  bool judge_recovery(SettingChange& change) const {
    if (!outlook_.running) {
      change.effect = ChangeEffect::NextStart;
      return true;
    }
    if (outlook_.recovery.empty()) return false;
    change.effect = outlook_.recovery_restart ? ChangeEffect::RestartPostgres : ChangeEffect::Reload;
    if (!outlook_.recovery_restart) return true;
    if (change.because.empty())
      change.because = "a recovery setting that this version reads at the start; standbys only";
    return true;
  }

  std::vector<SettingOrigin> now_;
  std::vector<SettingOrigin> next_;
  const ParameterOutlook& outlook_;
};

std::string_view to_string(RestartDirection direction) {
  return direction == RestartDirection::Raised ? "raised" : "lowered";
}

}  // namespace

std::string_view to_string(ChangeEffect effect) {
  switch (effect) {
    case ChangeEffect::Refused:
      return "refused";
    case ChangeEffect::Overridden:
      return "overridden";
    case ChangeEffect::Nothing:
      return "no effect";
    case ChangeEffect::Reload:
      return "reload";
    case ChangeEffect::NextUse:
      return "next use";
    case ChangeEffect::NextStart:
      return "next start";
    case ChangeEffect::RestartPostgres:
      return "restart";
    case ChangeEffect::RestartDaemon:
      return "restart of the daemon";
    case ChangeEffect::Bootstrap:
      return "bootstrap only";
  }
  return "no effect";
}

BuildInput with_dynamic(const BuildInput& now, const json::object& proposed) {
  BuildInput next = now;
  next.dynamic = proposed;
  next.dynamic_source = "dynamic configuration";
  return next;
}

Result<std::vector<SettingChange>> preview_change(const SettingsInputs& now, const json::object& proposed,
                                                  const ParameterOutlook& outlook) {
  auto origins_now = settings_origins(now);
  if (!origins_now) return origins_now.error();
  auto origins_next = settings_origins({with_dynamic(now.build, proposed), now.layers});
  if (!origins_next) return origins_next.error();
  const Judge judge(std::move(*origins_now), std::move(*origins_next), outlook);

  const auto before = setting_leaves(now.build.dynamic);
  const auto after = setting_leaves(proposed);
  std::map<std::string, SettingChange> changes;
  for (const auto& [path, value] : before) {
    const auto other = after.find(path);
    if (other == after.end() || !same(value, other->second)) changes[path].from = value;
  }
  for (const auto& [path, value] : after) {
    const auto other = before.find(path);
    if (other == before.end() || !same(value, other->second)) changes[path].to = value;
  }
  std::vector<SettingChange> out;
  for (auto& [path, change] : changes) {
    change.path = path;
    judge.judge(change);
    out.push_back(std::move(change));
  }
  return out;
}

json::array changes_document(const std::vector<SettingChange>& changes) {
  json::array out;
  for (const SettingChange& change : changes) {
    json::object row{{"path", change.path},
                     {"from", shown_value(change.path, change.from)},
                     {"to", shown_value(change.path, change.to)},
                     {"effect", to_string(change.effect)}};
    if (!change.because.empty()) row["because"] = change.because;
    if (change.direction != RestartDirection::Any) row["direction"] = to_string(change.direction);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace tamada
