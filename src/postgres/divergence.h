// Does this member's history lie on the leader's (ha_behaviour.md 4.3)? Pure: positions and history in, verdict out.
//
// What it cannot tell: two timelines with one number that were made by different members (safety.md 2.3). That is found
// by the promotion note, not here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/cluster_view.h"
#include "model/lsn.h"
#include "model/postgres_status.h"
#include "ports/postgres.h"

namespace tamada {

// Where the local history ends.
struct LocalEnd {
  Timeline timeline;
  Lsn position;                 // standby: replayed; primary: flushed, or the start of its shutdown checkpoint
  bool former_primary = false;  // it wrote this WAL itself
  // Running standby: WAL it holds and will replay; unknown when there is none beyond `position`.
  Lsn received;
  // Stopped primary: the end of the record at `position`, once it was asked for; unknown before.
  Lsn checkpoint_end;
};

struct LeaderHistory {
  Timeline timeline;                 // of IDENTIFY_SYSTEM on the leader
  Lsn position;                      // its flushed position, taken after the local one
  std::vector<HistoryLine> history;  // of `timeline`; empty on timeline 1
};

// What the control file says of a stopped server. nullopt with `why`: it does not say where the history ends, e.g.
// after a crash.
struct StoppedEnd {
  std::optional<LocalEnd> end;
  std::string why;
};
StoppedEnd stopped_end(const ControlData& control);

// True when only the end of the local checkpoint record can settle it: a stopped primary whose checkpoint begins before
// the fork.
bool needs_checkpoint_end(const LocalEnd& local, const LeaderHistory& leader);

TimelineComparison compare_histories(const LocalEnd& local, const LeaderHistory& leader);

}  // namespace tamada
