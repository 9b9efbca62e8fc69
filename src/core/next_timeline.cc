#include "core/next_timeline.h"

#include <algorithm>

namespace tamada {

Timeline next_timeline(const ClusterView& view, Timeline own) {
  Timeline highest = own;
  const auto consider = [&](Timeline known) {
    if (known > highest && known.id - own.id <= kMostTimelinesPassedOver) highest = known;
  };
  consider(view.claimed_timeline);
  if (view.history) consider(view.history->cluster_timeline);
  for (const Member& member : view.members) consider(member.timeline);
  return Timeline{highest.id + 1};
}

bool promoted_since(const ClusterView& view, const LockGeneration& generation, Timeline own) {
  if (view.claimed_timeline > own && view.timeline_revision > generation.create_revision) return true;
  return view.history && view.history->cluster_timeline > own && view.history->revision > generation.create_revision;
}

}  // namespace tamada
