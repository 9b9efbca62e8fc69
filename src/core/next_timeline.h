// Which number the timeline of the next promotion gets. PostgreSQL takes the one after its own, so that two members
// which know nothing of each other make the same number with different content, and whoever follows cannot tell them
// apart (safety.md M5). Here no number is made twice: it is claimed in the store before the promotion. Pure.
#pragma once

#include "model/cluster_view.h"

namespace tamada {

// More numbers than these are not passed over: who asks for it reads nonsense.
constexpr std::uint32_t kMostTimelinesPassedOver = 1000;

// One above our own and above every number that the view knows of: claimed, in the history, published by a member.
// What lies more than kMostTimelinesPassedOver above our own is not believed.
Timeline next_timeline(const ClusterView& view, Timeline own);

// The newest timeline that the store knows of for certain: the history's, and a claimed one that is believed.
Timeline newest_timeline(const ClusterView& view, Timeline own);

// Somebody else promoted himself, or was about to, under a later lock than `generation`, whose holder is primary on
// `own`. The lock may have passed on and come free again while the holder stood still.
bool promoted_since(const ClusterView& view, const LockGeneration& generation, Timeline own);

}  // namespace tamada
