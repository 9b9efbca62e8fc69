// The law of synchronous mode (S4, ha_behaviour.md 3.1 and 3.5; safety.md 6): a set of members that /sync lets elect a
// new leader always holds one that has every acknowledged commit. Pure arithmetic on two things: what commits wait for,
// and whom /sync lets be promoted.
//
// PostgreSQL's processes take a change of synchronous_standby_names into force one by one, and each walsender judges by
// its own reading of the names over what *all* walsenders say of themselves. While processes differ, a commit may
// therefore be released by the smaller count over the union of the names, in either form of the parameter; that is what
// weaker() says. It is why a set of names never grows or shrinks in one step under a promise that rests on it.
#pragma once

#include <set>
#include <string>

#include "model/cluster_view.h"
#include "model/sync_names.h"

namespace tamada {

// Beside the primary at least `count` of `names` have a commit before it is acknowledged.
struct CommitWait {
  int count = 0;
  std::set<std::string> names;  // lower case
  bool anybody = false;         // "*": they may be members that /sync does not name

  bool operator==(const CommitWait&) const = default;
};

CommitWait wait_of(const SyncNames& names);
// The least that a commit waits for while some processes go by one and some by the other.
CommitWait weaker(const CommitWait& a, const CommitWait& b);

// Does every set that `sync` lets elect a leader hold a member with each commit that waited so? A candidate that is
// listed needs `quorum` others of the listed ones and the leader; the leader itself has everything.
bool covers(const SyncState& sync, const CommitWait& wait);
// Can nobody be elected under `to` who could not be under `from`? Then the write needs no proof.
bool only_restricts(const SyncState& from, const SyncState& to);

}  // namespace tamada
