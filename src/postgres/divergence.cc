#include "postgres/divergence.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tamada {

namespace {

using Verdict = TimelineComparison::Verdict;

const HistoryLine* fork_of(Timeline timeline, const LeaderHistory& leader) {
  auto it = std::find_if(leader.history.begin(), leader.history.end(),
                         [&](const HistoryLine& line) { return line.timeline == timeline; });
  return it == leader.history.end() ? nullptr : &*it;
}

TimelineComparison verdict(Verdict value, std::string because) {
  return {value, std::move(because), {}};
}

TimelineComparison compare_on_one_timeline(const LocalEnd& local, const LeaderHistory& leader) {
  Lsn end = std::max({local.position, local.received, local.checkpoint_end});
  // The position of a stopped primary is where its last record begins; the record itself is there too.
  if (local.former_primary && !local.checkpoint_end.known()) ++end.bytes;
  // A walreceiver gets only what its upstream flushed, so WAL beyond the leader's end is of another origin. Following
  // would wait until the leader passes that position and then replay a mixture.
  if (leader.position.known() && end > leader.position) {
    return verdict(Verdict::Diverged,
                   fmt::format("timeline {} is the leader's, but it reaches {} here and only {} on the leader",
                               local.timeline.id, to_string(end), to_string(leader.position)));
  }
  return verdict(Verdict::Same,
                 fmt::format("timeline {} is the leader's, here it reaches {}", local.timeline.id, to_string(end)));
}

TimelineComparison compare_former_primary(const LocalEnd& local, Timeline leader, Lsn fork) {
  if (local.position >= fork) {
    return verdict(
        Verdict::Diverged,
        fmt::format("this former primary wrote timeline {} up to {}, the leader's timeline {} forked off it at {}",
                    local.timeline.id, to_string(local.position), leader.id, to_string(fork)));
  }
  if (!local.checkpoint_end.known()) {
    return verdict(Verdict::Unknown, fmt::format("the checkpoint record of this former primary begins at {}, where it "
                                                 "ends is not known; the leader's timeline {} forked at {}",
                                                 to_string(local.position), leader.id, to_string(fork)));
  }
  if (local.checkpoint_end != fork) {
    return verdict(Verdict::Diverged,
                   fmt::format("the last checkpoint record of this former primary ends at {} of timeline {}, not at {} "
                               "where the leader's timeline {} forked off",
                               to_string(local.checkpoint_end), local.timeline.id, to_string(fork), leader.id));
  }
  return verdict(Verdict::Ancestor, fmt::format("timeline {} ended here at {}, exactly where the leader's timeline {} "
                                                "forked off",
                                                local.timeline.id, to_string(fork), leader.id));
}

TimelineComparison compare_standby(const LocalEnd& local, Timeline leader, Lsn fork) {
  if (local.position > fork) {
    return verdict(
        Verdict::Diverged,
        fmt::format("this standby replayed timeline {} up to {}, the leader's timeline {} forked off it at {}",
                    local.timeline.id, to_string(local.position), leader.id, to_string(fork)));
  }
  // What was received will be replayed before the new timeline is looked for; only then pg_rewind sees the divergence.
  if (local.received > fork) {
    return verdict(Verdict::Unknown,
                   fmt::format("this standby received timeline {} up to {}, beyond {} where the leader's timeline {} "
                               "forked off, and replayed it to {}: waiting for the replay",
                               local.timeline.id, to_string(local.received), to_string(fork), leader.id,
                               to_string(local.position)));
  }
  return verdict(Verdict::Ancestor,
                 fmt::format("timeline {} is replayed to {}, the leader's timeline {} forked off it at {}",
                             local.timeline.id, to_string(local.position), leader.id, to_string(fork)));
}

}  // namespace

StoppedEnd stopped_end(const ControlData& control) {
  LocalEnd end;
  end.timeline = control.timeline;
  end.position = control.checkpoint;
  switch (control.state) {
    case ControlState::ShutDown:
      end.former_primary = true;
      break;
    case ControlState::ShutDownInRecovery:
    case ControlState::InArchiveRecovery:
      if (control.min_recovery_end.known() && control.min_recovery_timeline.known()) {
        end.timeline = control.min_recovery_timeline;
        end.position = control.min_recovery_end;
      } else {
        end.former_primary = true;  // it crashed as a primary and was then started as a standby
      }
      break;
    default:
      return {std::nullopt, "the control file says that PostgreSQL was not stopped cleanly"};
  }
  if (!end.timeline.known() || !end.position.known()) {
    return {std::nullopt, "the control file holds no timeline or no position"};
  }
  return {end, {}};
}

bool needs_checkpoint_end(const LocalEnd& local, const LeaderHistory& leader) {
  if (!local.former_primary || local.checkpoint_end.known() || local.timeline >= leader.timeline) return false;
  const HistoryLine* fork = fork_of(local.timeline, leader);
  return fork != nullptr && local.position < fork->lsn;
}

TimelineComparison compare_histories(const LocalEnd& local, const LeaderHistory& leader) {
  if (!local.timeline.known() || !local.position.known() || !leader.timeline.known()) {
    return verdict(Verdict::Unknown, "a timeline or position is not known");
  }
  if (local.timeline == leader.timeline) return compare_on_one_timeline(local, leader);
  if (local.timeline > leader.timeline) {
    return verdict(Verdict::Diverged, fmt::format("timeline {} here is newer than the leader's timeline {}",
                                                  local.timeline.id, leader.timeline.id));
  }
  const HistoryLine* fork = fork_of(local.timeline, leader);
  if (fork == nullptr) {
    return verdict(Verdict::Diverged, fmt::format("timeline {} is not in the history of the leader's timeline {}",
                                                  local.timeline.id, leader.timeline.id));
  }
  if (local.former_primary) return compare_former_primary(local, leader.timeline, fork->lsn);
  return compare_standby(local, leader.timeline, fork->lsn);
}

}  // namespace tamada
