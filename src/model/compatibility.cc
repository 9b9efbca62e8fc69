#include "model/compatibility.h"

#include <array>

#include "base/text.h"

namespace tamada {

namespace {

struct Level {
  Compatibility level;
  std::string_view text;
  std::string_view version;
};
constexpr std::array<Level, 3> kLevels{{
    {Compatibility::V1_5, "1.5", ""},
    {Compatibility::V3_0, "3.0", "3.0.2"},
    {Compatibility::V4_1, "4.1", "4.1.4"},
}};

const Level& row(Compatibility level) {
  for (const Level& r : kLevels) {
    if (r.level == level) return r;
  }
  return kLevels.back();
}

struct RoleWord {
  Role role;
  std::string_view word;
};
constexpr std::array<RoleWord, 7> kRoles{{
    {Role::Uninitialized, "uninitialized"},
    {Role::Replica, "replica"},
    {Role::StandbyLeader, "standby_leader"},
    {Role::Promoted, "promoted"},
    {Role::Primary, "primary"},
    {Role::Primary, "master"},
    {Role::Demoted, "demoted"},
}};

struct StateWord {
  PgState state;
  std::string_view word;  // of 4.1
};
constexpr std::array<StateWord, 16> kStates{{
    {PgState::InitializingNewCluster, "initializing new cluster"},
    {PgState::InitializingNewCluster, "initalizing new cluster"},
    {PgState::InitdbFailed, "initdb failed"},
    {PgState::RunningCustomBootstrap, "running custom bootstrap script"},
    {PgState::CustomBootstrapFailed, "custom bootstrap failed"},
    {PgState::CreatingReplica, "creating replica"},
    {PgState::Running, "running"},
    {PgState::Starting, "starting"},
    {PgState::StartingAfterCustomBootstrap, "starting after custom bootstrap"},
    {PgState::StartFailed, "start failed"},
    {PgState::Restarting, "restarting"},
    {PgState::RestartFailed, "restart failed"},
    {PgState::Stopping, "stopping"},
    {PgState::Stopped, "stopped"},
    {PgState::StopFailed, "stop failed"},
    {PgState::Crashed, "crashed"},
}};

std::string_view state_word_4(PgState state) {
  for (const StateWord& r : kStates) {
    if (r.state == state) return r.word;
  }
  return "unknown";
}

}  // namespace

Result<Compatibility> parse_compatibility(std::string_view text) {
  for (const Level& r : kLevels) {
    if (trim(text) == r.text) return r.level;
  }
  return Error(ErrorCode::Invalid, "compatibility \"" + std::string(text) + "\" is none of 1.5, 3.0, 4.1",
               "choose the level of the oldest program that reads the cluster; 4.1 is the default");
}

std::string_view to_string(Compatibility level) {
  return row(level).text;
}
std::string_view peer_version(Compatibility level) {
  return row(level).version;
}

std::string_view role_word(Role role, Compatibility level) {
  if (role == Role::Primary && level != Compatibility::V4_1) return "master";
  for (const RoleWord& r : kRoles) {
    if (r.role == role) return r.word;
  }
  return "unknown";
}

Role parse_role(std::string_view word) {
  for (const RoleWord& r : kRoles) {
    if (r.word == word) return r.role;
  }
  return Role::Unknown;
}

std::string state_word(PgState state, Compatibility level, PgState previous) {
  if (level == Compatibility::V1_5) {
    if (state == PgState::InitializingNewCluster) return "initalizing new cluster";
    // 1.5 has no word for it and would go on showing "running", which peers act upon.
    if (state == PgState::Crashed) return "stopped";
  }
  if (level != Compatibility::V4_1) {
    if (state == PgState::StartingAfterCustomBootstrap) return "starting";
    if (state == PgState::RestartFailed && previous != PgState::Unknown) {
      return "restart failed (" + state_word(previous, level) + ")";
    }
  }
  return std::string(state_word_4(state));
}

PgState parse_state(std::string_view word) {
  if (word.starts_with("restart failed")) return PgState::RestartFailed;
  for (const StateWord& r : kStates) {
    if (r.word == word) return r.state;
  }
  return PgState::Unknown;
}

}  // namespace tamada
