// What the nemesis does to a simulated cluster, as data: a list of steps with times, made from a seed, of which any
// part can be played again (tamada-sim --steps).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/host.h"
#include "sim/prng.h"

namespace tamada::sim {

enum class FaultKind {
  CutBoth,         // between hosts a and b
  CutOneWay,       // from a to b
  IsolateHost,     // a from everybody
  CutFromStore,    // member a from every store node
  SlowLink,        // from a to b, amount ms
  LossyLink,       // between a and b, amount permille
  KillDaemon,      // SIGKILL; started again afterwards
  KillAtCall,      // at the amount-th port call point from now
  FreezeDaemon,    // SIGSTOP
  KillPostmaster,  // amount 1: its backends go on for a while
  KillBoth,
  LoseHost,      // power
  FreezeHost,    // all processes stand still, clocks run
  PauseMachine,  // clocks stand still too
  ClockRate,     // amount ppm off
  WallJump,      // amount s
  StoreStop,     // node a
  StoreStall,
  StoreHangDisk,  // of the store's leader
  StoreLeaderChange,
  StoreRevokeLeader,
  StoreLostAnswers,
  StoreLateRequests,
  StoreMuteWatches,
  StoreBreakStreams,
  StoreApplyLag,
  StoreRestore,  // amount 1: under another cluster id
  StoreCompact,
  StoreExtraTtl,
  StoreAllDown,
  HangQueries,
  HangDisk,
  HangStop,
  FailStart,
  FailPromote,
  HangPromote,
  FailRewind,
  FailClone,
  FailScripts,
  StallStream,
  SlowPostgres,
  LoseDataDirectory,
  // Operators.
  AskSwitchover,
  AskFailover,
  AskRestart,
  AskReinitialize,
  AskPause,
  AskConfig,
  AskReload,
  AskDetach,
  AskShutdown,
};
constexpr int kFaultKinds = static_cast<int>(FaultKind::AskShutdown) + 1;
std::string_view to_string(FaultKind kind);

struct FaultStep {
  int id = 0;
  SimTime at{0};
  Duration lasts{0};
  FaultKind kind = FaultKind::CutBoth;
  int a = 0;  // member, store node or host, as the kind says
  int b = 0;
  std::int64_t amount = 0;
  bool at_leader = false;  // member `a` is whoever leads when it begins
  std::string one_line() const;
};

struct FaultPlan {
  SimTime begin{0};
  SimTime end{0};
  int members = 3;
  int store_nodes = 3;
  bool failsafe = false;  // failsafe_mode is on: more and longer outages of the store
};

// At least 20 steps over the plan's time.
std::vector<FaultStep> plan_faults(const FaultPlan& plan, Prng random);

// "3,5-9" to ids; empty = all. Error: Invalid.
Result<std::vector<int>> parse_steps(std::string_view text);

}  // namespace tamada::sim
