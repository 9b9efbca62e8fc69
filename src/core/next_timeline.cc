#include "core/next_timeline.h"

#include <algorithm>

namespace tamada {

namespace {

bool believed(Timeline known, Timeline own) {
  return known <= own || known.id - own.id <= kMostTimelinesPassedOver;
}

}  // namespace

Timeline next_timeline(const ClusterView& view, Timeline own) {
  Timeline highest = own;
  const auto consider = [&](Timeline known) {
    if (known > highest && believed(known, own)) highest = known;
  };
  consider(view.claimed_timeline);
  if (view.history) consider(view.history->cluster_timeline);
  for (const Member& member : view.members) consider(member.timeline);
  return Timeline{highest.id + 1};
}

Timeline newest_timeline(const ClusterView& view, Timeline own) {
  const Timeline claimed = believed(view.claimed_timeline, own) ? view.claimed_timeline : Timeline{};
  return view.history ? std::max(view.history->cluster_timeline, claimed) : claimed;
}

bool promoted_since(const ClusterView& view, const LockGeneration& generation, Timeline own) {
  if (view.claimed_timeline > own && view.timeline_revision > generation.create_revision) return true;
  return view.history && view.history->cluster_timeline > own && view.history->revision > generation.create_revision;
}

}  // namespace tamada
