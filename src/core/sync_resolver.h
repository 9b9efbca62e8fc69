// The next safe step of synchronous mode on a running primary that holds the lock (ha_behaviour.md 3; safety.md 6).
//
// Two things are kept in step: /sync, which says who may be promoted, and synchronous_standby_names, which says whom
// commits wait for. Whoever is listed in /sync must be waited for already, so adding changes the names first and
// removing changes /sync first. Every step keeps core/sync_law.h for each value that either of the two can have: a
// write without an answer may have been applied or be applied later, and a change of the names reaches PostgreSQL's
// processes one by one.
//
// Pure: resolve_sync() says what to do next, the note_ functions fold in what became of it. No step but the next one is
// ever planned, so that an interruption anywhere only means to look again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/sync_candidates.h"
#include "core/sync_law.h"

namespace tamada {

// What the resolver knows beyond what it sees. A new value knows nothing: after a start, a promotion, or a lost lock.
struct SyncMemory {
  // No write of ours, or of an earlier run under our lock, can still land in /sync.
  bool fenced = false;
  std::string names;  // as PostgreSQL showed or took them last
  // Commits wait for no less than this; nullopt: what the names were before is not known.
  std::optional<CommitWait> in_force;
  // Setting them failed half way: a reload may still bring them into force.
  bool names_unclear = false;
  // Every process was told of the names before WAL reached this position; unknown = not told for certain.
  Lsn mark;
  // ... and every walsender that can release a commit goes by them: in_force is exactly what they say.
  bool settled = false;
  // The checkpointer, which switches waiting on for everybody, is known to have names.
  bool waiting_is_on = false;
  // The mode is off and the operator's own names were given back.
  bool given_back = false;
  MissingSince missing;
};

struct SyncInput {
  const Settings& settings;
  std::string me;
  const ClusterView& view;  // members
  SyncState sync;           // the newest that is known, with its revision
  SyncReplication server;
  Instant now;
};

enum class SyncAction {
  Nothing,
  Wait,        // look again soon
  WriteSync,   // `sync`, on the condition of the revision that was seen, while leading
  DeleteSync,  // the same for the key itself
  SetNames,    // `names`; "" = the operator's own value where the mode is off, else nobody
  TakeMark,    // prove that every process was told of the names, and write WAL after that
};

struct SyncStep {
  SyncAction action = SyncAction::Nothing;
  std::string rule;  // "SY-20"
  std::string because;
  SyncState sync;
  std::string names;
  std::vector<std::string> details;  // who is no candidate and why
};

SyncStep resolve_sync(const SyncInput& in, const SyncMemory& memory);

// Folds in what was just seen; before each resolve_sync().
void note_seen(SyncMemory& memory, const SyncInput& in);
// SetNames is about to happen: from now on old and new may be in force. `ended`: it did, and all was well.
void note_names_asked(SyncMemory& memory, const std::string& names);
void note_names_ended(SyncMemory& memory, const std::string& names, bool ok);
void note_given_back(SyncMemory& memory);
void note_mark(SyncMemory& memory, Lsn mark);
void note_sync_write(SyncMemory& memory, bool applied);

// Switched on, and this is no standby cluster.
bool synchronous_mode_on(const Settings& settings);

// What a start as primary, and the moment of a promotion, need of the names so that /sync's promise holds (3.7).
// `me` becomes, or is, the primary.
SyncNames names_for_start(const SyncState& sync, const std::string& me, const Settings& settings);
// /sync as a member writes it before it is promoted: in quorum mode the voters stay, with the old leader in place of
// the new one; otherwise nobody but the new leader may be promoted until standbys were confirmed.
SyncState takeover_state(const SyncState& sync, const std::string& me, const Settings& settings, int server_version);

// Every rule of the resolver, for docs/decisions.md.
struct SyncRule {
  std::string_view id;
  std::string_view when;
  std::string_view step;
  std::string_view because;
};
const std::vector<SyncRule>& sync_rules();

}  // namespace tamada
